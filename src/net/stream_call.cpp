#include "scaler/net/stream_call.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "net/connection.hpp"
#include "net/connector.hpp"

namespace scaler::net {

struct StreamCall::Impl final : ConnectionOwner {
  Impl(Loop& in, const Address& to, std::unique_ptr<Session> speaks, Bytes says, Duration patience,
       Done calls)
      : loop(in),
        session(std::move(speaks)),
        question(std::move(says)),
        done(std::move(calls)),
        limit(loop, [this, patience] {
          finish(Error{Errc::unavailable, fmt::format("no answer within {} s", patience / 1s)});
        }) {
    limit.start(patience);
    connector.emplace(loop, to, patience,
                      [this](Result<Descriptor> socket) { on_connected(std::move(socket)); });
  }

  void on_connected(Result<Descriptor> socket) {
    if (!socket) return finish(std::move(socket.error()));
    connection.emplace(loop, std::move(*socket), PeerId{}, static_cast<ConnectionOwner&>(*this),
                       traffic, std::move(session));
    connection->send(std::move(question));
  }

  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView) override {
    return std::unique_ptr<Session>();  // never asked: there is a session from the beginning
  }
  void on_event(PeerId, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event)) finish(std::move(message->payload));
  }
  void on_end(PeerId, const End& end) override {
    finish(Error{Errc::unavailable, end.why.empty() ? "it closed the connection" : end.why});
  }

  // The last thing that happens: whoever is told may destroy the call.
  void finish(Result<Bytes> answer) {
    limit.stop();
    const Done telling = std::exchange(done, nullptr);
    if (telling) telling(std::move(answer));
  }

  Loop& loop;
  std::unique_ptr<Session> session;
  Bytes question;
  Done done;
  Traffic traffic;
  Timer limit;
  std::optional<Connector> connector;
  std::optional<Connection> connection;
};

StreamCall::StreamCall(Loop& loop, const Address& address, std::unique_ptr<Session> session,
                       Bytes question, Duration patience, Done done)
    : impl_(std::make_unique<Impl>(loop, address, std::move(session), std::move(question), patience,
                                   std::move(done))) {}
StreamCall::~StreamCall() = default;

}  // namespace scaler::net
