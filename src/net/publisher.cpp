#include "scaler/net/publisher.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/server.hpp"
#include "net/sessions.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t topics_max = 1024;  // per subscriber

struct Subscriber {
  bool everything = false;    // YMQ has no topics
  std::vector<Bytes> topics;  // as often as subscribed
  std::deque<Bytes> waiting;  // whole messages, oldest first
  std::size_t waiting_bytes = 0;

  bool wants(ByteView payload) const {
    return everything || std::ranges::any_of(topics, [&](const Bytes& topic) {
             return as_text(payload).starts_with(topic.text());
           });
  }
  bool listens() const { return everything || !topics.empty(); }
};

}  // namespace

struct Publisher::Impl final : ServerUser {
  Impl(Loop& loop, TransportLimits transport_limits, std::shared_ptr<tls::Context> tls)
      : limits(transport_limits),
        server(loop,
               {PortKind::scheduler, limits, patience_or_limit({}, limits), 250ms, std::move(tls)},
               *this) {}

  std::unique_ptr<Session> make_session(Protocol protocol) override {
    return net::make_session(protocol, SocketType::pub, "", limits);
  }

  void on_event(PeerId id, SessionEvent event) override {
    if (std::get_if<PeerReady>(&event) != nullptr) {
      server.set_ready(id, {});
      subscribers[id].everything = server.find(id)->protocol != Protocol::zmtp;
    } else if (auto* topic = std::get_if<TopicSubscribed>(&event)) {
      subscribe(id, std::move(topic->topic));
    } else if (auto* former = std::get_if<TopicUnsubscribed>(&event)) {
      auto& topics = subscribers[id].topics;
      if (auto found = std::ranges::find(topics, former->topic); found != topics.end())
        topics.erase(found);
    }
  }

  void subscribe(PeerId id, Bytes topic) {
    auto& topics = subscribers[id].topics;
    if (topics.size() >= topics_max) return server.drop(id, "it subscribes to too many topics");
    topics.push_back(std::move(topic));
  }

  void on_lost(PeerId id, const Bytes&, std::string_view) override { subscribers.erase(id); }

  void publish(const Bytes& payload) {
    for (auto& [id, subscriber] : subscribers) {
      Server::Peer* peer = server.find(id);
      if (peer == nullptr || !subscriber.wants(payload)) continue;
      subscriber.waiting.push_back(payload);
      subscriber.waiting_bytes += payload.size();
      while (subscriber.waiting_bytes > limits.write_queue_bytes_pause) {
        subscriber.waiting_bytes -= subscriber.waiting.front().size();
        subscriber.waiting.pop_front();
        ++dropped_messages;
      }
      peer->connection->flush_later();
    }
  }

  void on_room(PeerId id) override {
    const auto found = subscribers.find(id);
    if (found == subscribers.end()) return;
    Subscriber& subscriber = found->second;
    Connection& connection = *server.find(id)->connection;
    while (!subscriber.waiting.empty() && connection.queued_bytes() < handed_over_bytes) {
      subscriber.waiting_bytes -= subscriber.waiting.front().size();
      connection.send(std::move(subscriber.waiting.front()));
      subscriber.waiting.pop_front();
    }
  }

  TransportLimits limits;
  std::unordered_map<PeerId, Subscriber> subscribers;
  std::uint64_t dropped_messages = 0;
  Server server;
};

Publisher::Publisher(Loop& loop, TransportLimits limits, std::shared_ptr<tls::Context> tls)
    : impl_(std::make_unique<Impl>(loop, limits, std::move(tls))) {}
Publisher::~Publisher() = default;

Result<Address> Publisher::listen(const Address& address) { return impl_->server.listen(address); }

bool Publisher::has_subscribers() const {
  return std::ranges::any_of(impl_->subscribers,
                             [](const auto& entry) { return entry.second.listens(); });
}

void Publisher::publish(const Bytes& payload) { impl_->publish(payload); }

std::uint64_t Publisher::dropped_messages() const { return impl_->dropped_messages; }

void Publisher::shut_down(Duration patience, std::function<void()> on_closed) {
  impl_->server.shut_down(patience, std::move(on_closed));
}

}  // namespace scaler::net
