#include "scaler/ymq/session.hpp"

#include <catch2/catch.hpp>

#include "support/heap.hpp"
#include "support/session_drive.hpp"

namespace scaler::ymq {

using support::feed;
using support::take_output;
using Lines = std::vector<std::string>;

namespace {

const std::string magic = "YMQ\x01";

std::string frame(const std::string& body) {
  std::string text(8, '\0');
  for (unsigned i = 0; i < 8; ++i) text[i] = static_cast<char>(body.size() >> (8 * i) & 0xff);
  return text + body;
}
std::string length(std::uint64_t value) {
  std::string text(8, '\0');
  store_le64(reinterpret_cast<std::byte*>(text.data()), value);
  return text;
}

std::unique_ptr<Session> make_ymq(std::string_view identity = "", Dialect dialect = Dialect::magic,
                                  SessionLimits limits = {}) {
  return make_session({dialect, Bytes::copy_of(identity), limits});
}

struct Capture {
  const char* file;
  Dialect dialect;
  const char* identity;
  std::size_t messages;
};

constexpr Capture captures[] = {
    {"2.0.9-ymq-client-submit/client-scheduler-c2s.bin", Dialect::magic,
     "Client|8dac54cbfa9f4fab8ef1e779f52f814f", 15},
    {"2.0.9-ymq-client-submit/client-scheduler-s2c.bin", Dialect::magic,
     "4500|scheduler|2d8cc224-6278-48c6-8df8-a232639ba852", 7},
    {"2.6.0-ymq-client-submit/client-scheduler-c2s.bin", Dialect::magic,
     "Client|1ffde33c8c03467a96345e9bc519c58b", 16},
    {"2.6.0-ymq-client-submit/client-scheduler-s2c.bin", Dialect::magic,
     "335|scheduler|5e84a9d6-a637-41bf-a908-fef4067587bd", 8},
    {"2.6.0-ymq-monitor/subscriber-publisher-c2s.bin", Dialect::magic,
     "2919|top|f6de1633-2b79-4098-b597-0c0e6f23f43b", 0},
    {"2.6.0-ymq-monitor/subscriber-publisher-s2c.bin", Dialect::magic,
     "335|scheduler|5e84a9d6-a637-41bf-a908-fef4067587bd", 13},
    {"2.0.9-object-storage/06-processor1-c2s.bin", Dialect::magic,
     "PySyncObjectStorageConnector|vm|1f90f371-cfd1-45d4-9171-f2f91faa6468", 29},
    {"2.0.9-object-storage/06-processor1-s2c.bin", Dialect::magic, "ObjectStorageServer", 43},
    {"1.12.28-object-storage/06-processor1-c2s.bin", Dialect::plain,
     "PySyncObjectStorageConnector|vm|0d9ee97f-2f7a-4c82-80ef-26bf5acf79db", 33},
    {"1.12.28-object-storage/06-processor1-s2c.bin", Dialect::plain, "ObjectStorageServer", 48},
};

}  // namespace

TEST_CASE("a captured YMQ peer is understood to its last byte, and said again exactly", "[ymq]") {
  for (const Capture& capture : captures) {
    INFO(capture.file);
    const std::string said = support::read_golden(capture.file);
    auto listener = make_ymq("", capture.dialect);
    const Lines lines = feed(*listener, said);
    REQUIRE(lines.size() == 1 + capture.messages);
    CHECK(lines[0] == std::string("ready ") + capture.identity);

    auto session = make_ymq(capture.identity, capture.dialect);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      REQUIRE(lines[i].starts_with("message "));
      session->send(Bytes::copy_of(lines[i].substr(8)));
    }
    CHECK((take_output(*session) == said));
  }
}

TEST_CASE("a captured YMQ peer says the same wherever its bytes are cut", "[ymq]") {
  for (const Capture& capture : captures) {
    INFO(capture.file);
    CHECK(support::difference_between_cuts([&] { return make_ymq("", capture.dialect); },
                                           support::read_golden(capture.file)) == "");
  }
}

TEST_CASE("magic and identity go out at once, messages right behind", "[ymq]") {
  auto session = make_ymq("me");
  session->send(Bytes::copy_of("hello"));
  session->send({});
  CHECK(session->queued_bytes() == 8 + 5 + 8);
  CHECK((take_output(*session) == magic + frame("me") + frame("hello") + frame("")));
  CHECK(session->queued_bytes() == 0);
  CHECK((take_output(*make_ymq("me", Dialect::plain)) == frame("me")));
}

TEST_CASE("a frame of length 0 is an empty message, or an empty identity", "[ymq]") {
  CHECK(feed(*make_ymq(), magic + frame("") + frame("") + frame("x")) ==
        Lines{"ready ", "message ", "message x"});
}

TEST_CASE("the first byte that is not the magic's ends the connection and is shown", "[ymq]") {
  CHECK(feed(*make_ymq(), "\x16\x03\x01") ==
        Lines{"error not a YMQ peer: expected \"YMQ\\x01\", got \"\\x16\\x03\\x01\""});
  CHECK(feed(*make_ymq(), "YMQ\x02 and more") ==
        Lines{"error not a YMQ peer: expected \"YMQ\\x01\", got \"YMQ\\x02\""});
  CHECK(feed(*make_ymq(), "G") == Lines{"error not a YMQ peer: expected \"YMQ\\x01\", got \"G\""});
  CHECK(feed(*make_ymq(), "YM").empty());
}

TEST_CASE("lengths above a limit are refused with both numbers", "[ymq]") {
  const SessionLimits limits{.frame_bytes_max = 10, .identity_bytes_max = 3};
  const auto said = [&](const std::string& sent) {
    return feed(*make_ymq("", Dialect::magic, limits), magic + sent);
  };
  CHECK(said(frame("abc") + frame("0123456789")) == Lines{"ready abc", "message 0123456789"});
  CHECK(said(length(4)) == Lines{"error an identity of 4 bytes, the limit is 3"});
  CHECK(said(frame("abc") + length(11)) ==
        Lines{"ready abc", "error a message of 11 bytes, the limit is 10"});
  CHECK(said(frame("abc") + length(UINT64_MAX)).back() ==
        "error a message of 18446744073709551615 bytes, the limit is 10");
}

TEST_CASE("a session that has failed stays failed", "[ymq]") {
  auto session = make_ymq();
  feed(*session, "no");
  std::vector<std::string> lines;
  feed(*session, magic + frame("x"), lines);
  CHECK(lines == Lines{"error the connection has failed before"});
}

TEST_CASE("an announced length costs nothing until the bytes come", "[ymq]") {
  const SessionLimits limits{.frame_bytes_max = UINT64_MAX, .identity_bytes_max = 255};
  auto session = make_ymq("", Dialect::magic, limits);
  feed(*session, magic + frame("x"));
  const std::size_t before = support::heap_bytes();
  feed(*session, length(std::uint64_t{1} << 63) + "some");
  REQUIRE(support::heap_bytes() - before <= (std::size_t{1} << 20) + 4096);
  const auto room = session->receive_buffer();
  CHECK(room.size() <= std::size_t{1} << 20);
}

TEST_CASE("ten thousand silent YMQ connections are cheap", "[ymq]") {
  std::vector<std::unique_ptr<Session>> sessions;
  sessions.reserve(1000);
  const std::size_t before = support::heap_bytes();
  for (int i = 0; i < 1000; ++i) {
    sessions.push_back(make_ymq("server"));
    take_output(*sessions.back());
    feed(*sessions.back(), magic + frame("x") + frame("hello") + "\x05");
  }
  CHECK((support::heap_bytes() - before) / 1000 < 400);
}

}  // namespace scaler::ymq
