#pragma once

#include <termios.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scaler/base/result.hpp"
#include "scaler/view/top_screen.hpp"

namespace scaler::roles {

// The terminal of standard output, as one that a screen is drawn on: its keys come one by one and
// are not echoed, what was on it comes back at the end. At the end of the process too, whatever
// ends it: a failed assertion and a crash give it back first. At most one per process.
class Terminal {
 public:
  // Leaves the terminal as it is; the error says why nothing can be drawn on it.
  static Result<std::unique_ptr<Terminal>> open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // False while another process of the shell's is in front: it is theirs then. Taking it again,
  // when others may have changed it, is fine.
  bool take();
  void give_back();
  bool taken() const { return taken_; }
  bool gone() const { return gone_; }  // hung up: nothing more to draw on

  view::TerminalSize size() const;
  int descriptor() const { return fd_; }  // does not block

  // What was typed; nothing: the terminal is gone.
  std::optional<std::string> read();
  // Queues what does not fit now. Nothing is to be drawn while something waits.
  void write(std::string_view bytes);
  bool flush();  // false: some still waits, or the terminal is gone

 private:
  explicit Terminal(int fd);

  int fd_;
  bool taken_ = false;
  bool gone_ = false;
  termios before_{};
  std::string waiting_;
};

// Whether it understands UTF-8, as the environment says it.
bool locale_is_utf8();

}  // namespace scaler::roles
