#include "clientio/request_queue.hpp"

#include <algorithm>
#include <utility>

namespace scaler::clientio {

namespace {

// What a burst needed beyond this is given back after it.
constexpr std::size_t requests_kept_room = 256;

std::uint64_t bytes_of(const std::vector<client::NewObject>& objects) {
  std::uint64_t sum = 0;
  for (const client::NewObject& object : objects) sum += object.payload.size();
  return sum;
}

}  // namespace

std::uint64_t payload_bytes_of(const client::Request& request) {
  if (const auto* submit = std::get_if<client::Submit>(&request)) return bytes_of(submit->objects);
  if (const auto* graph = std::get_if<client::SubmitGraph>(&request))
    return bytes_of(graph->objects);
  if (const auto* upload = std::get_if<client::Upload>(&request)) return bytes_of(upload->objects);
  return 0;
}

std::size_t pieces_of(const client::Request& request) {
  std::size_t pieces = 0;
  if (const auto* submit = std::get_if<client::Submit>(&request))
    pieces = submit->objects.size() + submit->tasks.size();
  else if (const auto* graph = std::get_if<client::SubmitGraph>(&request))
    pieces = graph->objects.size() + graph->nodes.size();
  else if (const auto* upload = std::get_if<client::Upload>(&request))
    pieces = upload->objects.size();
  else if (const auto* abandon = std::get_if<client::Abandon>(&request))
    pieces = abandon->tasks.size();
  return std::max(pieces, std::size_t{1});
}

RequestQueue::Posted RequestQueue::post(client::Request&& request) {
  const std::uint64_t bytes = payload_bytes_of(request);
  const std::size_t pieces = pieces_of(request);
  const std::lock_guard lock(mutex_);
  if (closed_) return Posted::closed;
  posted_.push_back(std::move(request));
  payload_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  pieces_.fetch_add(pieces, std::memory_order_relaxed);
  return std::exchange(rung_, true) ? Posted::quietly : Posted::ring;
}

void RequestQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::optional<client::Request> RequestQueue::take() {
  if (next_ == taken_.size() && !refill()) return std::nullopt;
  client::Request request = std::move(taken_[next_++]);
  payload_bytes_.fetch_sub(payload_bytes_of(request), std::memory_order_relaxed);
  pieces_.fetch_sub(pieces_of(request), std::memory_order_relaxed);
  return request;
}

bool RequestQueue::refill() {
  next_ = 0;
  taken_.clear();
  if (taken_.capacity() > requests_kept_room) std::vector<client::Request>().swap(taken_);
  const std::lock_guard lock(mutex_);
  taken_.swap(posted_);
  if (taken_.empty()) rung_ = false;
  return !taken_.empty();
}

}  // namespace scaler::clientio
