#include "clientio/store_side.hpp"

#include <utility>

#include "scaler/base/log.hpp"

namespace scaler::clientio {

namespace {

// One object is one message: its size is bounded by memory, not by the transport.
constexpr std::uint64_t object_bytes_max = std::uint64_t{1} << 40;

net::DealerOptions dealer_options(const Address& address, std::string identity) {
  net::DealerOptions options;
  options.address = address;
  options.identity = std::move(identity);
  options.protocol = net::Protocol::ymq;
  options.limits.message_bytes_max = object_bytes_max;
  options.limits.write_queue_bytes_max = object_bytes_max;  // the link's backlog is bounded instead
  return options;
}

}  // namespace

StoreSide::StoreSide(net::Loop& loop, const Address& address, std::string identity,
                     StoreEvents& events)
    : events_(events), dealer_(loop, dealer_options(address, std::move(identity)), *this) {}

void StoreSide::put(const ObjectId& id, Bytes payload) {
  client_.set(id, std::move(payload), frames_);
  send_frames();
}

void StoreSide::get(const ObjectId& id, std::uint64_t bytes_max) {
  client_.get(id, frames_, bytes_max);
  send_frames();
}

void StoreSide::remove(const ObjectId& id) {
  client_.remove(id, frames_);
  send_frames();
}

void StoreSide::send_frames() {
  for (Bytes& frame : frames_)
    if (!dealer_.send(std::move(frame)))
      log::error("a request to the object storage server is lost: too many bytes wait for it");
  frames_.clear();
}

void StoreSide::on_connected() {
  client_.on_reconnected();
  events_.on_store_connected();
}

void StoreSide::on_message(Bytes payload) {
  if (broken_) return;
  auto answer = client_.on_frame(std::move(payload));
  if (!answer) {
    log::error("object storage server: {}; connecting again", answer.error().text);
    broken_ = true;
    return;
  }
  if (!*answer) return;
  store::StoreClient::Answer& got = **answer;
  if (got.type == wire::StoreResponseType::get_ok)
    events_.on_object(got.object, std::move(got.payload));
  else if (got.type == wire::StoreResponseType::set_ok)
    events_.on_stored(got.object);
}

void StoreSide::on_disconnected(std::string_view why) { events_.on_store_lost(why); }

}  // namespace scaler::clientio
