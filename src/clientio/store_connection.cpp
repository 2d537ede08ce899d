#include "scaler/clientio/store_connection.hpp"

#include <utility>

#include "scaler/base/log.hpp"

namespace scaler::clientio {

namespace {

// One object is one message: its size is bounded by memory, not by the transport.
constexpr std::uint64_t object_bytes_max = std::uint64_t{1} << 40;

net::DealerOptions dealer_options(const StoreConnection::Options& options) {
  net::DealerOptions result;
  result.address = options.address;
  result.identity = options.identity;
  result.protocol = net::Protocol::ymq;
  result.listen_first = options.listen_first;
  result.prefers_same_host = true;
  result.tls = options.tls;
  result.limits.message_bytes_max = object_bytes_max;
  result.limits.write_queue_bytes_max = object_bytes_max;  // the core bounds what is on its way
  return result;
}

}  // namespace

StoreConnection::StoreConnection(net::Loop& loop, const Options& options, StoreEvents& events)
    : events_(events), dealer_(loop, dealer_options(options), *this) {}

void StoreConnection::put(const ObjectId& id, Bytes payload, Answered when) {
  client_.set(id, std::move(payload), frames_, in_time(when));
  send_frames();
}

void StoreConnection::get(const ObjectId& id, std::uint64_t bytes_max) {
  client_.get(id, frames_, bytes_max);
  send_frames();
}

void StoreConnection::remove(const ObjectId& id) {
  client_.remove(id, frames_, in_time(Answered::late));
  send_frames();
}

void StoreConnection::send_frames() {
  for (Bytes& frame : frames_)
    if (!dealer_.send(std::move(frame)))
      log::error("a request to the object storage server is lost: too many bytes wait for it");
  frames_.clear();
}

void StoreConnection::on_connected() {
  client_.on_reconnected();
  events_.on_store_connected();
}

void StoreConnection::on_message(Bytes payload) {
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

void StoreConnection::on_disconnected(std::string_view why) { events_.on_store_lost(why); }

}  // namespace scaler::clientio
