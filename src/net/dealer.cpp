#include "scaler/net/dealer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "net/connection.hpp"
#include "net/connector.hpp"
#include "net/same_host.hpp"
#include "net/sessions.hpp"
#include "net/sniff.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/tls/session.hpp"

namespace scaler::net {
struct Dealer::Impl final : ConnectionOwner {
  Impl(Loop& in, DealerOptions opts, DealerEvents& to)
      : loop(in),
        options(with_tls(std::move(opts))),
        events(to),
        patience(patience_or_limit(options.handshake_patience, options.limits)),
        retry_delay(options.retry_first),
        retry_timer(loop, [this] { attempt(); }),
        handshake_timer(loop,
                        [this] {
                          connection->end_soon({End::Kind::offence, "no handshake"});
                        }),
        listening_timer(loop, [this] { speak(); }),
        closing_timer(loop, [this] { finish_shut_down(); }),
        closed_job(loop, Job::When::next_turn, [this] { finish_shut_down(); }) {
    attempt();
  }

  void attempt() {
    connector.emplace(loop, options.address, patience,
                      [this](Result<Descriptor> result) { connected(std::move(result)); });
  }

  void connected(Result<Descriptor> result) {
    connector.reset();
    if (!result) return lost(result.error().text);
    const bool listens = options.listen_first > Duration::zero() && has_choice();
    connection = std::make_unique<Connection>(loop, std::move(*result), PeerId{}, *this, traffic,
                                              listens ? nullptr : session_of(options.protocol));
    if (listens) listening_timer.start(options.listen_first);
    handshake_timer.start(patience);
  }

  static DealerOptions with_tls(DealerOptions options) {
    if (options.address.is_encrypted() && !options.tls) options.tls = tls_without_certificate();
    return options;
  }

  // Of protocols. The address says it otherwise.
  bool has_choice() const {
    return !options.address.is_websocket() && !options.address.is_encrypted();
  }

  std::unique_ptr<Session> session_of(Protocol protocol) const {
    if (!has_choice()) protocol = Protocol::ymq;
    auto session =
        options.address.is_websocket()
            ? make_websocket_to(options.address, options.identity, options.limits)
            : make_session(protocol, options.socket_type, options.identity, options.limits);
    if (!options.address.is_encrypted()) return session;
    return tls::make_client(options.tls, options.address.host, std::move(session));
  }

  // Only while listening first.
  Result<std::unique_ptr<Session>> on_first_bytes(PeerId, ByteView bytes) override {
    SCALER_TRY(protocol, recognise(PortKind::store, bytes));
    if (!protocol) return std::unique_ptr<Session>();
    listening_timer.stop();
    return session_of(*protocol);
  }

  // The server is silent, so it waits for us.
  void speak() {
    if (connection && !connection->has_session() && !connection->heard_something() &&
        connection->open())
      connection->start(session_of(options.protocol));
  }

  void on_event(PeerId, SessionEvent event) override {
    if (auto* message = std::get_if<MessageReceived>(&event))
      return events.on_message(std::move(message->payload));
    if (auto* greeting = std::get_if<PeerReady>(&event))
      return moves_to_same_host(greeting->identity) ? void() : greeted();
    if (auto* ignored = std::get_if<MessageIgnored>(&event))
      log::debug("ignored a message of {}: {}", options.address.to_string(), ignored->why);
  }

  // The server is near: a connection of the better kind takes the place of this one.
  bool moves_to_same_host(const Bytes& identity) {
    if (!options.prefers_same_host || on_same_host || same_host_failed || closing) return false;
    auto socket = meet_on_same_host(identity);
    if (!socket) return false;
    on_same_host = true;
    const bool files = offers_files(identity) && !files_failed;
    connection = std::make_unique<Connection>(
        loop, std::move(*socket), PeerId{}, *this, traffic,
        make_session(Protocol::ymq, options.socket_type, options.identity, options.limits));
    receives_files = files && connection->is_own_local_peer();
    if (receives_files) connection->receive_descriptors();
    return true;
  }

  void greeted() {
    ready = true;
    ready_since = loop.now();
    handshake_timer.stop();
    connection->flush_later();
    if (paused) connection->pause_reading(Connection::Pause::owner);
    if (closing) return connection->close_gently();
    events.on_connected();
  }

  void on_room(PeerId) override {
    while (ready && !waiting.empty() && connection->queued_bytes() < handed_over_bytes) {
      waiting_bytes -= waiting.front().size();
      connection->send(std::move(waiting.front()));
      waiting.pop_front();
    }
  }

  void on_end(PeerId, const End& end) override {
    const std::string why =
        fmt::format("connection to {}: {}", options.address.to_string(), end.why);
    if (end.kind == End::Kind::offence) {
      if (auto more = offences.allow(loop.now())) log::warning("{} ({} more)", why, *more);
    }
    // A server that waits for the first bytes may just hang up on those it does not understand.
    if (!ready && options.tries_both_protocols && has_choice() && end.kind != End::Kind::broken)
      speak_the_other_protocol();
    if (std::exchange(on_same_host, false) && (!ready || end.kind == End::Kind::offence))
      same_host_failed = true;
    if (connection->lost_descriptors()) files_failed = true;
    receives_files = false;
    const auto gone = std::move(connection);
    handshake_timer.stop();
    listening_timer.stop();
    if (std::exchange(ready, false) && loop.now() - ready_since >= options.retry_most)
      retry_delay = options.retry_first;
    lost(why);
  }

  void speak_the_other_protocol() {
    const bool was_zmtp = options.protocol == Protocol::zmtp;
    options.protocol = was_zmtp ? Protocol::ymq : Protocol::zmtp;
    log::info("the next attempt to reach {} speaks {}", options.address.to_string(),
              was_zmtp ? "YMQ" : "ZMTP");
  }

  // The delay is random between its half and its whole, so that a thousand peers of a restarted
  // server do not come back at once.
  void lost(const std::string& why) {
    if (closing) return finish_shut_down();
    if (options.forgets_when_lost) {
      waiting.clear();
      waiting_bytes = 0;
    }
    const auto half = static_cast<std::uint64_t>(retry_delay.count() / 2);
    retry_timer.start(Duration(static_cast<std::int64_t>(half + random.below(half + 1))));
    retry_delay = std::min(2 * retry_delay, options.retry_most);
    events.on_disconnected(why);
  }

  bool send(Bytes payload) {
    if (closing || queued_bytes() + payload.size() > options.limits.write_queue_bytes_max)
      return false;
    waiting_bytes += payload.size();
    waiting.push_back(std::move(payload));
    if (ready) connection->flush_later();
    return true;
  }

  std::size_t queued_bytes() const {
    return waiting_bytes + (connection ? connection->queued_bytes() : 0);
  }

  void shut_down(Duration for_at_most, std::function<void()> fn) {
    closing = true;
    on_closed = std::move(fn);
    retry_timer.stop();
    const bool under_way = connection || (connector && !waiting.empty());
    if (for_at_most <= Duration::zero() || !under_way) return closed_job.schedule();
    closing_timer.start(for_at_most);
    if (ready) return connection->close_gently();
    if (connection && waiting.empty()) closed_job.schedule();
  }

  void finish_shut_down() {
    closing_timer.stop();
    handshake_timer.stop();
    listening_timer.stop();
    connector.reset();
    connection.reset();
    ready = false;
    if (auto fn = std::exchange(on_closed, nullptr)) fn();
  }

  Loop& loop;
  DealerOptions options;
  DealerEvents& events;
  Duration patience;
  Duration retry_delay;
  Random random = Random::from_system();
  Traffic traffic;
  std::deque<Bytes> waiting;  // not handed to a connection yet
  std::size_t waiting_bytes = 0;
  bool ready = false;
  bool paused = false;
  bool closing = false;
  bool on_same_host = false;
  bool same_host_failed = false;  // it was tried and is not tried again
  bool receives_files = false;
  bool files_failed = false;  // this process has no room for more descriptors, say
  TimePoint ready_since;
  std::function<void()> on_closed;
  log::RateLimit offences{3, 10s};
  Timer retry_timer;
  Timer handshake_timer;
  Timer listening_timer;
  Timer closing_timer;
  Job closed_job;
  std::optional<Connector> connector;
  std::unique_ptr<Connection> connection;
};

Dealer::Dealer(Loop& loop, DealerOptions options, DealerEvents& events)
    : impl_(std::make_unique<Impl>(loop, std::move(options), events)) {}
Dealer::~Dealer() = default;

bool Dealer::send(Bytes payload) { return impl_->send(std::move(payload)); }
bool Dealer::connected() const { return impl_->ready; }
bool Dealer::on_same_host() const { return impl_->ready && impl_->on_same_host; }
bool Dealer::flush() {
  return impl_->ready && impl_->connection->flush_now() && impl_->waiting.empty();
}
std::size_t Dealer::queued_bytes() const { return impl_->queued_bytes(); }

bool Dealer::receives_files() const { return impl_->ready && impl_->receives_files; }

int Dealer::take_descriptor(std::uint64_t file_number) {
  return impl_->connection ? impl_->connection->take_descriptor(file_number).release() : -1;
}

void Dealer::pause_reading() {
  impl_->paused = true;
  if (impl_->ready) impl_->connection->pause_reading(Connection::Pause::owner);
}

void Dealer::resume_reading() {
  impl_->paused = false;
  if (impl_->ready) impl_->connection->resume_reading(Connection::Pause::owner);
}

void Dealer::shut_down(Duration patience, std::function<void()> on_closed) {
  impl_->shut_down(patience, std::move(on_closed));
}

}  // namespace scaler::net
