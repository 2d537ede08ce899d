#include "roles/spill_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace scaler::roles {
namespace {

// A file without a name; where the file system knows none, one that loses it at once.
int open_nameless(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = folder + "/scaler-spill-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

bool write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool read_all(int file, std::span<std::byte> to) {
  for (std::size_t at = 0; at < to.size();) {
    const ssize_t count = ::pread(file, to.data() + at, to.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

SpillFolder::~SpillFolder() {
  for (const auto& [number, file] : files_) ::close(file);
}

Status SpillFolder::check() const {
  const int file = open_nameless(folder_);
  if (file < 0)
    return Error{Errc::system,
                 fmt::format("spill directory {}: {}", folder_, std::strerror(errno))};
  ::close(file);
  return ok();
}

bool SpillFolder::put(std::uint32_t number, ByteView bytes) {
  const int file = open_nameless(folder_);
  if (file < 0) {
    complain("opening a file");
    return false;
  }
  if (!write_all(file, bytes)) {
    complain("writing");
    ::close(file);
    return false;
  }
  files_.emplace(number, file);
  return true;
}

std::optional<Bytes> SpillFolder::first(std::uint32_t number, std::size_t length) {
  const auto found = files_.find(number);
  if (found == files_.end()) return std::nullopt;
  Buffer buffer(length);
  if (!read_all(found->second, buffer.spare().first(length))) {
    complain("reading");
    return std::nullopt;
  }
  buffer.commit(length);
  return std::move(buffer).freeze();
}

void SpillFolder::drop(std::uint32_t number) {
  const auto found = files_.find(number);
  if (found == files_.end()) return;
  ::close(found->second);
  files_.erase(found);
}

void SpillFolder::complain(const char* doing) {
  const int error = errno;
  const TimePoint now{std::chrono::steady_clock::now().time_since_epoch()};
  if (const auto more = complaints_.allow(now))
    log::error("ObjectStorageServer: spill directory {}: {}: {} ({} more)", folder_, doing,
               std::strerror(error), *more);
}

}  // namespace scaler::roles
