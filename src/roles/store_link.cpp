#include "roles/store_link.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/log.hpp"

namespace scaler::roles {
namespace {

net::DealerOptions dealer_options(const Address& address, std::string identity,
                                  std::shared_ptr<tls::Context> tls) {
  net::DealerOptions options;
  options.address = address;
  options.identity = std::move(identity);
  options.protocol = net::Protocol::ymq;
  options.prefers_same_host = true;
  options.tls = std::move(tls);
  return options;
}

}  // namespace

StoreLink::StoreLink(net::Loop& loop, const Address& address, std::string identity,
                     std::shared_ptr<tls::Context> tls,
                     std::function<void(std::string_view)> on_change)
    : on_change_(std::move(on_change)),
      dealer_(loop, dealer_options(address, std::move(identity), std::move(tls)), *this) {}

void StoreLink::remove(const std::vector<ObjectId>& ids) {
  for (const ObjectId& id : ids) ask({id, std::nullopt});
}

void StoreLink::duplicate(const ObjectId& source, const ObjectId& copy) { ask({copy, source}); }

void StoreLink::ask(const Wish& wish) {
  frames_.clear();
  using Answered = store::StoreClient::Answered;
  const Answered when = dealer_.on_same_host() ? Answered::late : Answered::at_once;
  const std::uint64_t request = wish.source
                                    ? client_.duplicate(*wish.source, wish.object, frames_, when)
                                    : client_.remove(wish.object, frames_, when);
  in_flight_.emplace(request, wish);
  send_frames();
}

void StoreLink::send_frames() {
  for (Bytes& frame : frames_) {
    if (!dealer_.send(std::move(frame))) {
      log::warning("Scheduler: the queue to the object storage server is full: a request is lost");
      break;
    }
  }
  frames_.clear();
}

void StoreLink::on_connected() {
  // Request ids count per connection, so everything unanswered is asked again, in its old order.
  std::vector<std::pair<std::uint64_t, Wish>> unanswered(in_flight_.begin(), in_flight_.end());
  std::sort(unanswered.begin(), unanswered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  in_flight_.clear();
  client_.on_reconnected();
  for (const auto& [request, wish] : unanswered) ask(wish);
  on_change_({});
}

void StoreLink::on_message(Bytes payload) {
  auto answer = client_.on_frame(std::move(payload));
  if (!answer) {
    log::error("Scheduler: object storage server: {}", answer.error().text);
    return;
  }
  if (*answer) in_flight_.erase((**answer).request_id);
}

void StoreLink::on_disconnected(std::string_view why) { on_change_(why); }

void StoreLink::shut_down(Duration patience, std::function<void()> on_closed) {
  dealer_.shut_down(patience, std::move(on_closed));
}

}  // namespace scaler::roles
