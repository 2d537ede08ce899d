#include "roles/seat_files.hpp"

#include "scaler/base/memory_file.hpp"
#include "scaler/clientio/borrowed_file.hpp"

namespace scaler::roles {
namespace {

using clientio::BorrowedFile;

constexpr std::size_t held_max = 4096;

}  // namespace

SeatFiles::~SeatFiles() {
  for (auto& [number, held] : held_) BorrowedFile::of(held.file)->mark_unsure();
}

std::optional<agent::GiveFile> SeatFiles::give(const agent::GiveObject& object) {
  const BorrowedFile* file = BorrowedFile::of(object.payload);
  if (file == nullptr || file->descriptor() < 0 || held_.size() >= held_max) return std::nullopt;
  const auto found = held_.try_emplace(file->number()).first;
  // Numbers are a store's, and of another connection may mean another file.
  if (found->second.times > 0 && found->second.file.backing() != object.payload.backing())
    return std::nullopt;
  found->second.file = object.payload;
  ++found->second.times;
  return agent::GiveFile{object.id, file->number(), object.payload.size(),
                         file_number_of(file->descriptor())};
}

bool SeatFiles::may_want() const { return held_.size() < held_max; }

agent::LendFile SeatFiles::lend(const Bytes& file) {
  const BorrowedFile* borrowed = BorrowedFile::of(file);
  if (borrowed == nullptr || !may_want() || held_.contains(borrowed->number())) return {};
  held_.emplace(borrowed->number(), Held{file, 1, true});
  return {borrowed->number(), file_number_of(borrowed->descriptor())};
}

bool SeatFiles::done(const agent::FileDone& said) {
  const auto found = held_.find(said.number);
  if (found == held_.end()) return false;
  if (said.unsure) BorrowedFile::of(found->second.file)->mark_unsure();
  if (--found->second.times == 0) held_.erase(found);
  return true;
}

std::optional<Bytes> SeatFiles::missing(const agent::FileMissing& said) {
  const auto found = held_.find(said.number);
  if (found == held_.end() || found->second.writable) return std::nullopt;
  const Bytes object = found->second.file;
  if (--found->second.times == 0) held_.erase(found);
  return object;
}

std::optional<Bytes> SeatFiles::result(std::uint64_t number, std::uint64_t bytes) {
  const auto found = held_.find(number);
  if (found == held_.end() || !found->second.writable) return std::nullopt;
  if (bytes == 0 || bytes > found->second.file.size()) return std::nullopt;
  const Bytes object = found->second.file.slice(0, static_cast<std::size_t>(bytes));
  held_.erase(found);
  return object;
}

}  // namespace scaler::roles
