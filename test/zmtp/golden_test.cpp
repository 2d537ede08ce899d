#include <catch2/catch.hpp>

#include "zmtp/support.hpp"

namespace scaler::zmtp {

namespace {

// One direction of a captured connection: who sent it, and to what kind of socket of ours.
struct Transcript {
  const char* file;
  SocketType sender;
  SocketType receiver;
  const char* identity;            // in its READY
  std::size_t identity_announced;  // in its greeting, where it may differ
  std::size_t messages;
  std::size_t cut_step;
};

constexpr Transcript transcripts[] = {
    {"1.12.28-client-submit/client-scheduler-c2s.bin", SocketType::dealer, SocketType::router,
     "Client|27923da6a707411c8f2056c13c1b0954", 39, 15, 1},
    {"1.12.28-client-submit/client-scheduler-s2c.bin", SocketType::router, SocketType::dealer,
     "28161|scheduler|6171fb6d-1013-4c86-89fa-5029e6d18b13", 52, 7, 1},
    {"2.0.9-client-submit/client-scheduler-c2s.bin", SocketType::dealer, SocketType::router,
     "Client|890333c8bb57413f8e71576d3ad8cba3", 39, 15, 1},
    {"2.0.9-client-submit/client-scheduler-s2c.bin", SocketType::router, SocketType::dealer,
     "18014|scheduler|7ed1c766-831c-4888-b465-b50e6e462317", 52, 7, 1},
    {"2.6.0-zmq-client-submit/client-scheduler-c2s.bin", SocketType::dealer, SocketType::router,
     "Client|f721b440034a4f6395d5892114a4feb1", 39, 16, 1},
    {"2.6.0-zmq-client-submit/client-scheduler-s2c.bin", SocketType::router, SocketType::dealer,
     "3702|scheduler|323bd02d-713f-40e2-b2f0-fbc52d4783a3", 51, 8, 1},
    {"2.0.9-monitor/subscriber-publisher-c2s.bin", SocketType::sub, SocketType::pub, "", 0, 0, 1},
    {"2.0.9-monitor/subscriber-publisher-s2c.bin", SocketType::pub, SocketType::sub, "", 56, 85,
     17},
    {"2.6.0-zmq-monitor/subscriber-publisher-c2s.bin", SocketType::sub, SocketType::pub, "", 0, 0,
     1},
    {"2.6.0-zmq-monitor/subscriber-publisher-s2c.bin", SocketType::pub, SocketType::sub, "", 0, 4,
     1},
};

std::vector<Bytes> messages_in(Session& session) {
  std::vector<Bytes> messages;
  while (true) {
    auto event = session.next();
    REQUIRE(event);
    if (!*event) return messages;
    if (auto* message = std::get_if<MessageReceived>(&**event))
      messages.push_back(std::move(message->payload));
  }
}

}  // namespace

TEST_CASE("a captured peer is understood to its last byte", "[zmtp]") {
  for (const Transcript& transcript : transcripts) {
    INFO(transcript.file);
    auto session = make(transcript.receiver);
    const Lines lines = feed(*session, support::read_golden(transcript.file));
    const bool subscriber = transcript.sender == SocketType::sub;
    REQUIRE(lines.size() == 1 + transcript.messages + (subscriber ? 1 : 0));
    CHECK(lines[0] == std::string("ready ") + transcript.identity);
    for (std::size_t i = 1; i < lines.size(); ++i)
      CHECK(lines[i].starts_with(subscriber ? "subscribed " : "message "));
  }
}

TEST_CASE("a captured peer says the same wherever its bytes are cut", "[zmtp]") {
  for (const Transcript& transcript : transcripts) {
    INFO(transcript.file);
    CHECK(support::difference_between_cuts([&] { return make(transcript.receiver); },
                                           support::read_golden(transcript.file),
                                           transcript.cut_step) == "");
  }
}

TEST_CASE("what a captured peer said, we say byte for byte", "[zmtp]") {
  for (const Transcript& transcript : transcripts) {
    INFO(transcript.file);
    const std::string said = support::read_golden(transcript.file);
    auto listener = make(transcript.receiver);
    const auto room = listener->receive_buffer();
    REQUIRE(room.size() >= said.size());
    std::memcpy(room.data(), said.data(), said.size());
    listener->received(said.size());

    const bool has_identity = *transcript.identity != '\0';
    auto session =
        make(transcript.sender, has_identity ? std::string(transcript.identity)
                                             : std::string(transcript.identity_announced, 'x'));
    std::string output = take_output(*session);
    feed(*session, greeting());
    for (Bytes& message : messages_in(*listener)) session->send(std::move(message));
    output += take_output(*session);
    CHECK((output == said));
  }
}

}  // namespace scaler::zmtp
