#include "config/log_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace scaler::config {
namespace {

constexpr int aside_names_max = 1000;

std::time_t midnight(std::time_t at, int days_later) {
  std::tm local{};
  localtime_r(&at, &local);
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  local.tm_mday += days_later;
  local.tm_isdst = -1;
  return std::mktime(&local);
}

std::string date_of(std::time_t at) {
  std::tm local{};
  localtime_r(&at, &local);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &local)};
}

int open_to_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
}

// PATH.DATE, or PATH.DATE.1 and so on when that is taken: nothing is overwritten.
std::string free_aside_name(const std::string& path, std::time_t day) {
  const std::string dated = fmt::format("{}.{}", path, date_of(day));
  std::string name = dated;
  struct stat info {};
  for (int i = 1; i < aside_names_max && lstat(name.c_str(), &info) == 0; ++i)
    name = fmt::format("{}.{}", dated, i);
  return name;
}

std::string variable_or(std::string_view name, std::string_view otherwise) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::string(otherwise) : value;
}

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_';
}

// The reference that begins at text[at], a $; moves `at` behind it.
std::string expand_reference(std::string_view text, std::size_t& at) {
  const std::size_t begin = at++;
  if (at < text.size() && text[at] == '{') {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return "$";
    const std::string_view name = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return variable_or(name, text.substr(begin, at - begin));
  }
  const std::size_t first = at;
  while (at < text.size() && is_name_letter(text[at])) ++at;
  return variable_or(text.substr(first, at - first), text.substr(begin, at - begin));
}

}  // namespace

std::string expand_path(std::string_view path) {
  if (path == "-") return "/dev/stdout";
  std::string expanded;
  std::size_t at = 0;
  if (path == "~" || path.starts_with("~/")) {
    expanded = variable_or("HOME", "~");
    at = 1;
  }
  while (at < path.size()) {
    if (path[at] == '$') {
      expanded += expand_reference(path, at);
    } else {
      expanded += path[at++];
    }
  }
  return expanded;
}

Result<LogFile> LogFile::open(std::string path, std::time_t now) {
  LogFile file;
  file.path_ = std::move(path);
  if (file.path_ == "/dev/stdout" || file.path_ == "/dev/stderr") {
    file.fd_ = file.path_ == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO;
    file.is_terminal_ = isatty(file.fd_) == 1;
    return file;
  }
  const int fd = open_to_append(file.path_);
  if (fd < 0)
    return Error{Errc::usage,
                 fmt::format("cannot log to {}: {}", file.path_, std::strerror(errno))};
  file.adopt(fd, now);
  return file;
}

LogFile::LogFile(LogFile&& other) noexcept { *this = std::move(other); }

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  if (this == &other) return *this;
  close_descriptor();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  owns_fd_ = std::exchange(other.owns_fd_, false);
  is_terminal_ = other.is_terminal_;
  rotates_ = other.rotates_;
  ends_inside_line_ = other.ends_inside_line_;
  day_begin_ = other.day_begin_;
  day_end_ = other.day_end_;
  return *this;
}

LogFile::~LogFile() { close_descriptor(); }

void LogFile::close_descriptor() {
  if (owns_fd_) close(fd_);
  owns_fd_ = false;
  fd_ = -1;
}

void LogFile::adopt(int fd, std::time_t now) {
  close_descriptor();
  fd_ = fd;
  owns_fd_ = true;
  is_terminal_ = isatty(fd) == 1;
  struct stat info {};
  const bool known = fstat(fd, &info) == 0;
  rotates_ = known && S_ISREG(info.st_mode);
  ends_inside_line_ = false;
  // A file left from another day is still that day's.
  const bool has_lines = known && info.st_size > 0;
  const std::time_t newest = has_lines ? std::min(now, info.st_mtim.tv_sec) : now;
  day_begin_ = midnight(newest, 0);
  day_end_ = midnight(newest, 1);
}

bool LogFile::still_has_its_path() const {
  struct stat ours {};
  struct stat named {};
  return fstat(fd_, &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

bool LogFile::is_same_as(int other_fd) const {
  struct stat ours {};
  struct stat other {};
  return fstat(fd_, &ours) == 0 && fstat(other_fd, &other) == 0 && ours.st_dev == other.st_dev &&
         ours.st_ino == other.st_ino;
}

Status LogFile::reopen(std::time_t now) {
  if (!owns_fd_) return ok();
  const int fd = open_to_append(path_);
  if (fd < 0)
    return Error{Errc::system, fmt::format("cannot log to {}: {}; the file that was open is kept",
                                           path_, std::strerror(errno))};
  adopt(fd, now);
  return ok();
}

// Several processes may share the file. The lock lets the first rename it; the others then see that
// the path leads elsewhere and follow.
void LogFile::rotate(std::time_t now) {
  const bool locked = flock(fd_, LOCK_EX) == 0;
  if (still_has_its_path()) {
    const std::string aside = free_aside_name(path_, day_begin_);
    if (std::rename(path_.c_str(), aside.c_str()) != 0) {
      if (locked) flock(fd_, LOCK_UN);
      day_begin_ = midnight(now, 0);
      day_end_ = midnight(now, 1);
      return;
    }
  }
  const int old = fd_;
  owns_fd_ = false;
  if (const int fd = open_to_append(path_); fd >= 0) {
    adopt(fd, now);
    if (locked) flock(old, LOCK_UN);
    close(old);
    return;
  }
  if (locked) flock(old, LOCK_UN);
  owns_fd_ = true;  // the old file, under its new name, is better than none
  day_end_ = midnight(now, 1);
}

bool LogFile::write(std::string_view line, std::time_t now) {
  if (rotates_ && now >= day_end_) rotate(now);
  std::string anew;
  if (ends_inside_line_) line = anew.append("\n").append(line);
  while (!line.empty()) {
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    line.remove_prefix(static_cast<std::size_t>(written));
    ends_inside_line_ = !line.empty();
  }
  return true;
}

}  // namespace scaler::config
