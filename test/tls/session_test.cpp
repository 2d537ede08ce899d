#include "scaler/tls/session.hpp"

#include <mbedtls/ssl.h>

#include <catch2/catch.hpp>

#include "scaler/ymq/session.hpp"
#include "scaler/ymq/websocket.hpp"
#include "support/session_drive.hpp"
#include "support/tls_credentials.hpp"

namespace scaler::tls {

namespace {

using support::context_of;
using support::drain;
using support::feed;
using support::take_output;
using Lines = std::vector<std::string>;

std::unique_ptr<Session> ymq(const char* identity) {
  return ymq::make_session({ymq::Dialect::magic, Bytes::copy_of(identity), {}});
}

// Picks YMQ, or YMQ in a WebSocket, or nothing, by the first byte.
Result<std::unique_ptr<Session>> pick(ByteView first) {
  if (first[0] == std::byte{'Y'}) return ymq("server");
  if (first[0] == std::byte{'G'}) return ymq::make_websocket({}, ymq("server"));
  return Error{Errc::protocol, "not known here"};
}

std::unique_ptr<Session> server(const Credentials& credentials = support::elliptic) {
  return make_server(context_of(credentials), pick);
}
std::unique_ptr<Session> client(std::unique_ptr<Session> inner = ymq("client")) {
  return make_client(Context::make(std::nullopt, 0).value(), "scaler.test", std::move(inner));
}

// Two ends, and what each has heard. Bytes go over in pieces of at most `piece`.
struct Pair {
  std::unique_ptr<Session> left = client();
  std::unique_ptr<Session> right = server();
  Lines heard_left = {};
  Lines heard_right = {};

  // Until neither has anything to say, or one has failed.
  void talk(std::size_t piece = std::size_t{1} << 20) {
    while (true) {
      const std::string there = take_output(*left);
      feed(*right, there, heard_right, piece);
      const std::string back = take_output(*right);
      feed(*left, back, heard_left, piece);
      if (has_failed() || (there.empty() && back.empty())) return;
    }
  }
  bool has_failed() const {
    return (!heard_left.empty() && heard_left.back().starts_with("error ")) ||
           (!heard_right.empty() && heard_right.back().starts_with("error "));
  }
};

std::string error_of(Session& session, std::string_view bytes) {
  const Lines lines = feed(session, bytes);
  return lines.empty() ? "" : lines.back();
}

// What a client says that shook hands and goes on with `text`, and the server that understands it.
struct Shaken {
  Pair pair;
  Shaken() {
    pair.talk();
    REQUIRE(pair.heard_right == Lines{"ready client"});
    pair.heard_right.clear();
    pair.heard_left.clear();
  }
};

}  // namespace

TEST_CASE("two ends shake hands and their sessions talk, whatever the key and the cut", "[tls]") {
  const bool is_rsa = GENERATE(false, true);
  const std::size_t piece = GENERATE(1, 7, 1000, 1 << 20);
  Pair pair{client(), server(is_rsa ? support::rsa : support::elliptic)};
  pair.left->send(Bytes::copy_of("question"));
  pair.talk(piece);
  REQUIRE(pair.heard_right == Lines{"ready client", "message question"});
  pair.right->send(Bytes::copy_of("answer"));
  pair.talk(piece);
  REQUIRE(pair.heard_left == Lines{"ready server", "message answer"});
  REQUIRE(pair.left->queued_bytes() == 0);
  REQUIRE(pair.right->queued_bytes() == 0);
}

TEST_CASE("a handshake is cut anywhere and nobody notices", "[tls]") {
  for (std::size_t cut = 1; cut < 600; cut += 13) {
    Pair pair;
    const std::string hello = take_output(*pair.left);
    const std::size_t at = std::min(cut, hello.size() - 1);
    feed(*pair.right, hello.substr(0, at), pair.heard_right);
    REQUIRE(pair.heard_right.empty());
    REQUIRE(take_output(*pair.right).empty());
    feed(*pair.right, hello.substr(at), pair.heard_right);
    const std::string answer = take_output(*pair.right);
    feed(*pair.left, answer.substr(0, cut), pair.heard_left);
    feed(*pair.left, answer.substr(cut), pair.heard_left);
    pair.talk();
    REQUIRE(pair.heard_right == Lines{"ready client"});
    REQUIRE(pair.heard_left == Lines{"ready server"});
  }
}

TEST_CASE("only the handshake is costly", "[tls]") {
  Pair pair;
  REQUIRE(pair.left->is_costly());
  REQUIRE(pair.right->is_costly());
  pair.talk();
  REQUIRE_FALSE(pair.left->is_costly());
  REQUIRE_FALSE(pair.right->is_costly());
}

TEST_CASE("nothing is readable on the way, and large messages arrive whole", "[tls]") {
  Pair pair;
  pair.talk();
  pair.heard_right.clear();
  const std::string large(1'000'000, 'x');
  pair.left->send(Bytes::copy_of(large));
  pair.left->send(Bytes::copy_of("small"));
  std::string wire;
  std::size_t longest_view = 0;
  while (!pair.left->to_send().empty()) {
    longest_view = std::max(longest_view, pair.left->to_send().front().size());
    wire += take_output(*pair.left, 50'000);
  }
  REQUIRE(wire.find("xxxxxxxx") == std::string::npos);
  REQUIRE(wire.size() < large.size() + large.size() / 100);
  REQUIRE(longest_view < 100'000);
  feed(*pair.right, wire, pair.heard_right);
  REQUIRE(pair.heard_right == Lines{"message " + large, "message small"});
}

TEST_CASE("a WebSocket is picked below TLS like anything else", "[tls]") {
  ymq::WebSocketOptions options;
  options.side = ymq::WebSocketOptions::Side::client;
  options.host = "scaler.test:1";
  Pair pair{client(ymq::make_websocket(std::move(options), ymq("client"))), server()};
  pair.left->send(Bytes::copy_of("question"));
  pair.talk();
  REQUIRE(pair.heard_right == Lines{"ready client", "message question"});
  REQUIRE(pair.heard_left == Lines{"ready server"});
}

TEST_CASE("a host too long for a name is connected to without one", "[tls]") {
  for (const std::size_t length : {std::size_t{255}, std::size_t{256}, std::size_t{5000}}) {
    const std::string host(length, 'h');
    Pair pair{.left = make_client(Context::make(std::nullopt, 0).value(), host, ymq("client"))};
    pair.talk();
    CHECK(pair.heard_right == Lines{"ready client"});
  }
}

TEST_CASE("what is not understood below TLS is refused by who picks", "[tls]") {
  ymq::Options plain;
  plain.dialect = ymq::Dialect::plain;
  plain.identity = Bytes::copy_of("old");
  Pair pair{client(ymq::make_session(std::move(plain))), server()};
  pair.talk();
  REQUIRE(pair.heard_right == Lines{"error not known here"});
}

TEST_CASE("peers without TLS are told apart at their first bytes", "[tls]") {
  const auto from = [](std::string_view bytes) { return error_of(*server(), bytes); };
  REQUIRE_THAT(from("Y"), Catch::Contains("not of TLS: 59; a client without TLS"));
  REQUIRE_THAT(from("GET / HTTP/1.1\r\n"), Catch::Contains("wss://"));
  REQUIRE_THAT(from("\xff"), Catch::Contains("tls://"));
  REQUIRE_THAT(from("\x16\x02"), Catch::Contains("speaks TLS only"));
  REQUIRE_THAT(error_of(*client(), "YMQ\x01"), Catch::Contains("tcp://"));
  REQUIRE(from("\x16").empty());
}

TEST_CASE("a damaged byte anywhere in what is encrypted ends the connection", "[tls]") {
  for (const std::size_t at : {std::size_t{5}, std::size_t{13}, std::size_t{20}, std::size_t{40}}) {
    Shaken shaken;
    shaken.pair.left->send(Bytes::copy_of("a message of some length"));
    std::string wire = take_output(*shaken.pair.left);
    wire[at] = static_cast<char>(wire[at] ^ 1);
    REQUIRE_THAT(error_of(*shaken.pair.right, wire), Catch::Contains("damaged"));
  }
}

TEST_CASE("a record that is said again is refused", "[tls]") {
  Shaken shaken;
  shaken.pair.left->send(Bytes::copy_of("pay"));
  const std::string wire = take_output(*shaken.pair.left);
  REQUIRE(feed(*shaken.pair.right, wire) == Lines{"message pay"});
  REQUIRE_THAT(error_of(*shaken.pair.right, wire), Catch::Contains("damaged"));
}

TEST_CASE("a peer with TLS 1.1 only hears that it is too old, and so do we", "[tls]") {
  std::string hello = take_output(*client());
  hello[10] = 2;  // of the version 3.3, behind the headers of the record and of the handshake
  auto session = server();
  REQUIRE_THAT(error_of(*session, hello), Catch::Contains("1.2 is the least"));
  REQUIRE(session->end_stream());
  auto asking = client();
  take_output(*asking);
  REQUIRE_THAT(error_of(*asking, take_output(*session)), Catch::Contains("TLS 1.2 (alert 70)"));
}

TEST_CASE("an end is said and heard, and a cut is not taken for one", "[tls]") {
  Shaken shaken;
  Session& left = *shaken.pair.left;
  Session& right = *shaken.pair.right;
  left.send(Bytes::copy_of("last"));
  const std::string last = take_output(left);
  REQUIRE(left.end_stream());
  const std::string goodbye = take_output(left);
  REQUIRE_FALSE(goodbye.empty());
  left.send(Bytes::copy_of("too late"));
  REQUIRE(take_output(left).empty());
  REQUIRE_FALSE(left.end_stream());
  REQUIRE(feed(right, last + goodbye) == Lines{"message last"});
  REQUIRE_FALSE(take_output(right).empty());  // it says goodbye as well
  right.send(Bytes::copy_of("too late"));
  REQUIRE(take_output(right).empty());
  REQUIRE(feed(right, last).empty());
}

TEST_CASE("a peer that wants to shake hands again is refused, and served on", "[tls]") {
  // Our own client cannot ask, so a client of the library's does.
  mbedtls_ssl_config config;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                              MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
  mbedtls_ssl_conf_rng(
      &config,
      [](void*, unsigned char* out, std::size_t size) {
        std::memset(out, 42, size);
        return 0;
      },
      nullptr);
  REQUIRE(mbedtls_ssl_setup(&ssl, &config) == 0);
  struct Line {
    std::unique_ptr<Session> session = server();
    std::string back;
    Lines heard;
  } line;
  mbedtls_ssl_set_bio(
      &ssl, &line,
      [](void* context, const unsigned char* bytes, std::size_t size) {
        auto& to = *static_cast<Line*>(context);
        feed(*to.session, {reinterpret_cast<const char*>(bytes), size}, to.heard);
        to.back += take_output(*to.session);
        return static_cast<int>(size);
      },
      [](void* context, unsigned char* bytes, std::size_t size) {
        auto& from = *static_cast<Line*>(context);
        const std::size_t count = std::min(size, from.back.size());
        if (count == 0) return MBEDTLS_ERR_SSL_WANT_READ;
        std::memcpy(bytes, from.back.data(), count);
        from.back.erase(0, count);
        return static_cast<int>(count);
      },
      nullptr);
  REQUIRE(mbedtls_ssl_handshake(&ssl) == 0);
  REQUIRE(mbedtls_ssl_renegotiate(&ssl) != 0);
  REQUIRE(line.heard.empty());
  mbedtls_ssl_free(&ssl);
  mbedtls_ssl_config_free(&config);
}

TEST_CASE("nobody's bytes make a session hold more than its buffers", "[tls]") {
  auto session = server();
  const std::string header("\x16\x03\x01\xff\xff", 5);  // a record longer than any may be
  REQUIRE_THAT(error_of(*session, header), Catch::Contains("no valid TLS"));
  auto patient = server();
  feed(*patient, std::string("\x16\x03\x01\x40\x00", 5) + std::string(10'000, '\1'));
  REQUIRE(patient->receive_buffer().size() <= std::size_t{32} << 10);
  REQUIRE(patient->queued_bytes() == 0);
}

TEST_CASE("a client that checks talks to whom its authorities vouch for, by that name only",
          "[tls]") {
  const auto talk = [](const std::string& authorities, const std::string& host) {
    Pair pair;
    pair.left =
        make_client(Context::make_checking(authorities, "list.pem").value(), host, ymq("client"));
    pair.talk();
    return pair.heard_left.empty() ? std::string() : pair.heard_left.front();
  };
  const std::string own = support::elliptic.certificate;
  const std::string refused = "error TLS: the server's certificate is not accepted: ";
  CHECK(talk(own, "scaler.test") == "ready server");
  CHECK(talk(support::rsa.certificate + own, "scaler.test") == "ready server");
  CHECK(talk(support::rsa.certificate, "scaler.test") ==
        refused + "none of the known authorities has signed it");
  for (const std::string& other : {std::string("other.test"), std::string("127.0.0.1"),
                                   std::string(), std::string("::1"), std::string(1000, 'a')})
    CHECK(talk(own, other) == refused + "it is another host's");
}

TEST_CASE("a list of authorities without any is refused by its name", "[tls]") {
  for (const std::string& text : {std::string(), std::string("nothing"), support::elliptic.key})
    CHECK(Context::make_checking(text, "list.pem").error().text ==
          "list.pem: no certificates in PEM form");
}

}  // namespace scaler::tls
