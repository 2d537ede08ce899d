#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "net/frame_session.hpp"
#include "scaler/net/stream_call.hpp"
#include "scaler/net/stream_server.hpp"

namespace scaler::net {

namespace {

// A server that answers each question with itself, doubled; frames stand for any protocol.
struct Doubling {
  explicit Doubling(Loop& loop, StreamServer::Options options = {})
      : server(loop, options,
               {[] { return make_frame_session(1000); },
                [this](PeerId peer, const Bytes& message) {
                  ++questions;
                  const std::string text(message.text());
                  server.send(peer, Bytes::copy_of(text + text), StreamServer::After::close);
                }}) {
    address = server.listen(Address::parse("tcp://127.0.0.1:0").value()).value();
  }
  StreamServer server;
  Address address;
  int questions = 0;
};

struct Answer {
  std::unique_ptr<StreamCall> call;
  std::optional<Result<Bytes>> got;
};

void ask(Loop& loop, const Address& address, Answer& answer, Duration patience = 5s) {
  answer.call =
      std::make_unique<StreamCall>(loop, address, make_frame_session(1000), Bytes::copy_of("ab"),
                                   patience, [&](Result<Bytes> got) {
                                     answer.got.emplace(std::move(got));
                                     answer.call.reset();  // allowed here
                                     loop.stop();
                                   });
}

}  // namespace

TEST_CASE("a question is answered", "[net]") {
  Loop loop;
  Doubling server(loop);
  Answer answer;
  ask(loop, server.address, answer);
  loop.run();
  REQUIRE(*answer.got);
  REQUIRE((*answer.got)->text() == "abab");
  REQUIRE(server.questions == 1);
}

TEST_CASE("a question to nobody fails, once", "[net]") {
  Loop loop;
  Address nobody;
  {
    Doubling gone(loop);
    nobody = gone.address;
  }
  Answer answer;
  ask(loop, nobody, answer);
  loop.run();
  REQUIRE_FALSE(*answer.got);
}

TEST_CASE("a question that is not answered fails after its patience", "[net]") {
  Loop loop;
  StreamServer silent(loop, {}, {[] { return make_frame_session(1000); }, [](PeerId, Bytes) {}});
  const Address address = silent.listen(Address::parse("tcp://127.0.0.1:0").value()).value();
  Answer answer;
  ask(loop, address, answer, 20ms);
  loop.run();
  REQUIRE_FALSE(*answer.got);
}

TEST_CASE("a connection beyond the limit is closed at once", "[net]") {
  Loop loop;
  Doubling server(loop, {.peers_max = 0});
  Answer answer;
  ask(loop, server.address, answer);
  loop.run();
  REQUIRE_FALSE(*answer.got);
  REQUIRE(server.questions == 0);
}

}  // namespace scaler::net
