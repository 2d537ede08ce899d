#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "scaler/base/result.hpp"

namespace scaler::config {

// One place that log lines are appended to: a file, or a stream such as standard output. Owns its
// descriptor unless it is a standard stream. A line is one write, so that lines of several
// processes do not mix; a line that cannot be written is dropped, since logging must not stop a
// role.
class LogFile {
 public:
  // `path` as in a file system, or /dev/stdout, /dev/stderr.
  static Result<LogFile> open(std::string path, std::time_t now);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  // Sets a regular file aside as PATH.YYYY-MM-DD first when its day is over; `line` ends with a
  // line break. False: not all of it could be written, errno says why; the next line begins anew.
  bool write(std::string_view line, std::time_t now);
  // Follows a file that was moved away. An error leaves the file that was open.
  Status reopen(std::time_t now);
  const std::string& path() const { return path_; }
  bool is_terminal() const { return is_terminal_; }
  bool is_same_as(int other_fd) const;  // whether both lead to the same file, pipe or terminal

 private:
  LogFile() = default;
  void rotate(std::time_t now);
  void adopt(int fd, std::time_t now);
  bool still_has_its_path() const;
  void close_descriptor();

  std::string path_;
  int fd_ = -1;
  bool owns_fd_ = false;
  bool is_terminal_ = false;
  bool rotates_ = false;
  bool ends_inside_line_ = false;
  std::time_t day_begin_ = 0;  // local midnight before the file's newest line
  std::time_t day_end_ = 0;    // and the one after it
};

// "/dev/stdout" for "-"; ~ and $NAME or ${NAME} replaced. A variable that is not set stays as it
// is.
std::string expand_path(std::string_view path);

}  // namespace scaler::config
