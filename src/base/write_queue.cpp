#include "base/write_queue.hpp"

#include <algorithm>
#include <utility>

#include "scaler/base/assert.hpp"

namespace scaler {

namespace {
constexpr std::size_t spares_max = 8;  // few connections have something to send at one moment
constexpr std::size_t spare_items_max = 1024;
}  // namespace

WriteQueue::~WriteQueue() = default;

std::vector<std::unique_ptr<WriteQueue::Backlog>>& WriteQueue::spares() {
  thread_local std::vector<std::unique_ptr<Backlog>> spares;
  return spares;
}

std::unique_ptr<WriteQueue::Backlog> WriteQueue::borrow() {
  if (spares().empty()) return std::make_unique<Backlog>();
  std::unique_ptr<Backlog> spare = std::move(spares().back());
  spares().pop_back();
  return spare;
}

void WriteQueue::give_back(std::unique_ptr<Backlog> backlog) {
  if (spares().size() < spares_max && !backlog->grew_large) spares().push_back(std::move(backlog));
}

void WriteQueue::push(Kind kind, ByteView header, Bytes payload) {
  SCALER_ASSERT(header.size() <= header_bytes_max, "a header too long to lie inline");
  if (header.empty() && payload.empty()) return;
  if (!backlog_) backlog_ = borrow();
  Item& item = backlog_->items.emplace_back();
  std::copy(header.begin(), header.end(), item.header.begin());
  item.header_size = static_cast<std::uint8_t>(header.size());
  item.kind = kind;
  item.payload = std::move(payload);
  counter(kind) += item.size();
  if (backlog_->items.size() > spare_items_max) backlog_->grew_large = true;
}

std::span<const ByteView> WriteQueue::views() {
  if (!backlog_) return {};
  std::size_t count = 0;
  std::size_t skip = backlog_->front_sent;
  const auto add = [&](ByteView part) {
    const std::size_t gone = std::min(skip, part.size());
    skip -= gone;
    if (gone < part.size()) backlog_->views[count++] = part.subspan(gone);
  };
  for (const Item& item : backlog_->items) {
    if (count + 2 > views_max) break;
    add({item.header.data(), item.header_size});
    add(item.payload);
  }
  return {backlog_->views.data(), count};
}

void WriteQueue::consume(std::size_t bytes) {
  SCALER_ASSERT(bytes <= message_bytes_ + control_bytes_, "sent more than was queued");
  while (bytes > 0) {
    const Item& front = backlog_->items.front();
    const std::size_t taken = std::min(bytes, front.size() - backlog_->front_sent);
    counter(front.kind) -= taken;
    backlog_->front_sent += taken;
    bytes -= taken;
    if (backlog_->front_sent < front.size()) return;
    backlog_->items.pop_front();
    backlog_->front_sent = 0;
    if (backlog_->items.empty()) give_back(std::move(backlog_));
  }
}

}  // namespace scaler
