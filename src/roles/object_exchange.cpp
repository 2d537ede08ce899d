#include "roles/object_exchange.hpp"

#include <utility>

#include "scaler/base/log.hpp"

namespace scaler::roles {

namespace {

// One object is one message: its size is bounded by memory, not by the transport.
constexpr std::uint64_t object_bytes_max = std::uint64_t{1} << 40;

// Every server of the peer speaks at once; ours waits for us, but for longer than this.
constexpr Duration listen_first = 100ms;

net::DealerOptions dealer_options(const Address& address, std::string identity) {
  net::DealerOptions options;
  options.address = address;
  options.identity = std::move(identity);
  options.protocol = net::Protocol::ymq;
  options.listen_first = listen_first;
  options.limits.message_bytes_max = object_bytes_max;
  options.limits.write_queue_bytes_max = object_bytes_max;  // the agent bounds what is on its way
  return options;
}

}  // namespace

ObjectExchange::ObjectExchange(net::Loop& loop, const Address& address, std::string identity,
                               Events events)
    : events_(std::move(events)),
      dealer_(loop, dealer_options(address, std::move(identity)), *this) {}

void ObjectExchange::get(const ObjectId& id) {
  client_.get(id, frames_);
  send_frames();
}

void ObjectExchange::set(const ObjectId& id, Bytes payload) {
  client_.set(id, std::move(payload), frames_);
  send_frames();
}

void ObjectExchange::send_frames() {
  for (Bytes& frame : frames_)
    if (!dealer_.send(std::move(frame)))
      log::error("a request to the object storage server is lost: too many bytes wait for it");
  frames_.clear();
}

void ObjectExchange::on_connected() {
  client_.on_reconnected();
  events_.on_connected();
}

void ObjectExchange::on_message(Bytes payload) {
  if (broken_) return;
  auto answer = client_.on_frame(std::move(payload));
  if (!answer) {
    log::error("object storage server: {}; connecting again", answer.error().text);
    broken_ = true;
    return;
  }
  if (!*answer) return;
  const store::StoreClient::Answer& got = **answer;
  if (got.type == wire::StoreResponseType::get_ok)
    events_.on_object(got.object, got.payload);
  else if (got.type == wire::StoreResponseType::set_ok)
    events_.on_stored(got.object);
}

void ObjectExchange::on_disconnected(std::string_view why) { events_.on_lost(why); }

}  // namespace scaler::roles
