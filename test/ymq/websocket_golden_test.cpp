#include <catch2/catch.hpp>

#include "scaler/ymq/session.hpp"
#include "scaler/ymq/websocket.hpp"
#include "support/session_drive.hpp"
#include "support/transcript.hpp"

namespace scaler::ymq {
namespace {

using support::feed;
using support::take_output;
using support::Transcript;
using Lines = std::vector<std::string>;

std::unique_ptr<Session> make(WebSocketOptions::Side side) {
  WebSocketOptions options;
  options.side = side;
  options.random = Random(7);
  return make_websocket(std::move(options),
                        make_session({Dialect::magic, Bytes::copy_of("us"), {}}));
}

std::vector<Transcript> transcripts_of(std::string_view side) {
  std::vector<Transcript> transcripts = support::golden_transcripts("-ws-");
  std::erase_if(transcripts,
                [&](const Transcript& one) { return one.file.find(side) == std::string::npos; });
  REQUIRE(transcripts.size() == 3);
  return transcripts;
}

Lines lines_of(const Transcript& transcript) {
  Lines lines{"ready " + std::string(transcript.identity.text())};
  for (const Bytes& message : transcript.messages)
    lines.push_back("message " + std::string(message.text()));
  REQUIRE(lines.size() > 3);
  return lines;
}

std::string accept_line(const std::string& answer) {
  const std::size_t at = answer.find("Sec-WebSocket-Accept");
  REQUIRE(at != std::string::npos);
  return answer.substr(at, answer.find("\r\n", at) - at);
}

}  // namespace

TEST_CASE("a captured WebSocket client is understood to its last byte, wherever it is cut",
          "[ymq][golden]") {
  for (const Transcript& transcript : transcripts_of("c2s")) {
    INFO(transcript.name());
    const std::string said = support::read_golden(transcript.name());
    auto session = make(WebSocketOptions::Side::server);
    CHECK((feed(*session, said) == lines_of(transcript)));
    CHECK(support::difference_between_cuts([] { return make(WebSocketOptions::Side::server); },
                                           said, 17) == "");
  }
}

TEST_CASE("a captured WebSocket client hears from us the answer that its server gave",
          "[ymq][golden]") {
  for (const Transcript& transcript : transcripts_of("c2s")) {
    const std::string asked = support::read_golden(transcript.name());
    const std::string answered =
        support::read_golden(transcript.capture + "/client-scheduler-s2c.bin");
    auto session = make(WebSocketOptions::Side::server);
    feed(*session, asked.substr(0, asked.find("\r\n\r\n") + 4));
    CHECK(accept_line(take_output(*session)) == accept_line(answered));
  }
}

TEST_CASE("a captured WebSocket server is understood to its last byte", "[ymq][golden]") {
  const auto session_and_accept = [] {
    auto session = make(WebSocketOptions::Side::client);
    auto server = make(WebSocketOptions::Side::server);
    feed(*server, take_output(*session));
    return std::pair(std::move(session), accept_line(take_output(*server)));
  };
  for (const Transcript& transcript : transcripts_of("s2c")) {
    INFO(transcript.name());
    auto [session, accept] = session_and_accept();
    std::string said = support::read_golden(transcript.name());
    const std::string theirs = accept_line(said);  // of another key than this client's
    said.replace(said.find(theirs), theirs.size(), accept);
    CHECK((feed(*session, said) == lines_of(transcript)));
  }
}

}  // namespace scaler::ymq
