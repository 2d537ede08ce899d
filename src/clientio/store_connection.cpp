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
  result.forgets_when_lost = true;
  result.limits.message_bytes_max = object_bytes_max;
  result.limits.write_queue_bytes_max = object_bytes_max;  // the core bounds what is on its way
  return result;
}

}  // namespace

StoreConnection::StoreConnection(net::Loop& loop, const Options& options, StoreEvents& events)
    : events_(events),
      keeps_descriptors_(options.keeps_descriptors),
      wake_(options.wake),
      returns_(std::make_shared<FileReturns>(wake_)),
      end_of_turn_(loop.before_poll([this] { return_files(); })),
      dealer_(loop, dealer_options(options), *this) {}

StoreConnection::~StoreConnection() { forget_files(); }

void StoreConnection::put(const ObjectId& id, Bytes payload, Answered when) {
  BorrowedFile* file = BorrowedFile::of(payload);
  if (file != nullptr && file->lender() == returns_.get() && file->use_up())
    client_.set_file(id, file->number(), payload.size(), frames_, in_time(when));
  else
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
  if (lends_files()) client_.take_files(frames_);
  send_frames();
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
  if (*answer) on_answer(**answer);
}

void StoreConnection::on_answer(store::StoreClient::Answer& got) {
  switch (got.type) {
    case wire::StoreResponseType::get_ok:
      return events_.on_object(got.object, std::move(got.payload));
    case wire::StoreResponseType::got_file: {
      const Bytes file = file_of(got);
      if (!file.empty()) events_.on_object(got.object, file.slice(0, got.file.bytes));
      return;
    }
    case wire::StoreResponseType::set_ok:
      return events_.on_stored(got.object);
    case wire::StoreResponseType::lent_file:
    case wire::StoreResponseType::no_file:
      if (auto asked = borrowing_.extract(got.request_id))
        asked.mapped()(got.type == wire::StoreResponseType::lent_file ? file_of(got) : Bytes());
      return;
    default:
      return;
  }
}

// ---- memory files ----

void StoreConnection::borrow(std::uint64_t bytes, Lent done) {
  if (!lends_files()) return done({});
  borrowing_.emplace(client_.borrow_file(bytes, frames_), std::move(done));
  send_frames();
}

// Whoever says that a file comes and sends none, or one that could end under us, is no store of
// ours.
Bytes StoreConnection::file_of(const store::StoreClient::Answer& answer) {
  auto file = MemoryFile::adopt(dealer_.take_descriptor(answer.file.inode), answer.file.bytes);
  if (!file) {
    log::error("object storage server: {}; connecting again", file.error().text);
    broken_ = true;
    return {};
  }
  const bool is_object = answer.type == wire::StoreResponseType::got_file;
  if (is_object && !keeps_descriptors_) file->close_descriptor();
  Bytes bytes = BorrowedFile::bytes_of(std::move(*file), answer.file.number, returns_);
  if (!is_object) BorrowedFile::of(bytes)->allow_set();
  return bytes;
}

void StoreConnection::return_files() {
  if (returns_->empty()) return;
  using Returned = store::StoreClient::Returned;
  for (const FileReturns::Return& file : returns_->take())
    client_.return_file(file.number, file.unsure ? Returned::unsure : Returned::clean, frames_);
  send_frames();
}

// Those of a lost connection are nobody's to return any more: the store does not use them again.
void StoreConnection::forget_files() {
  returns_->close();
  for (auto& [request, done] : std::exchange(borrowing_, {})) done({});
}

void StoreConnection::on_disconnected(std::string_view why) {
  forget_files();
  returns_ = std::make_shared<FileReturns>(wake_);
  events_.on_store_lost(why);
}

}  // namespace scaler::clientio
