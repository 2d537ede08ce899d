#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embed/cpython/frame_channel.hpp"
#include "embed/cpython/zygote.hpp"
#include "scaler/agent/channel_protocol.hpp"

namespace scaler::embed {

// A processor as the worker sees it: its channel and its resume descriptor. Every wait is bounded;
// a test that waits in vain fails.
class FakeSeat {
 public:
  FakeSeat(int channel, int resume)
      : channel_(std::make_unique<FrameChannel>(channel)), resume_(resume) {}
  ~FakeSeat();
  FakeSeat(const FakeSeat&) = delete;
  FakeSeat& operator=(const FakeSeat&) = delete;

  void tell(const agent::ToProcessor& message);
  // With a descriptor beside it. It stays the caller's.
  void tell_with(const agent::ToProcessor& message, int descriptor);
  // What it answers, in hear(), to a processor that wants a file: nothing to be had, unless told.
  std::function<void(std::uint64_t bytes)> on_file_wanted = [this](std::uint64_t) {
    tell(agent::LendFile());
  };
  agent::FromProcessor hear();  // the next message
  bool ended();                 // true if the channel ends; false if a message comes first
  bool silent_for(std::chrono::milliseconds time);  // for what must not happen
  void resume();
  void hang_up() { channel_.reset(); }

  // The handshake: started, then ready. Sets pid and python_version.
  void greet();
  pid_t pid = 0;
  std::string python_version;

 private:
  bool wait_readable(std::chrono::milliseconds limit);
  std::unique_ptr<FrameChannel> channel_;
  int resume_;
};

// Starts a zygote like the worker role does, and is a subreaper like it.
class FakeAgent {
 public:
  explicit FakeAgent(ZygoteOptions options = {}, std::vector<std::string> environment = {});
  ~FakeAgent();
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  std::string hear_zygote();  // the next datagram; empty: it hung up
  void send_zygote(const std::string& datagram);
  std::unique_ptr<FakeSeat> fork_processor();   // without waiting for it
  std::unique_ptr<FakeSeat> start_processor();  // with greet()
  int exit_code_of_zygote();                    // closes the socket, reaps
  static int wait_status_of(pid_t pid);         // reaps
  pid_t zygote() const { return zygote_; }

 private:
  int control_ = -1;
  pid_t zygote_ = -1;
};

// ---- pickles, made by hand ----

inline const std::string client = "Client|0123";
ObjectId object_id(std::uint8_t number);
TaskId task_id(std::uint8_t number);
std::string pickled_name(const std::string& module, const std::string& name);
std::string pickled_text(const std::string& text);
std::string default_serializer();

// Gives the serializer and the builtin function, then runs it with one text as its argument: eval
// or exec.
void run_text(FakeSeat& seat, const std::string& function, const std::string& argument,
              bool stream_output = false, std::uint8_t number = 1);
agent::TaskFinished finished(FakeSeat& seat);  // the next message, which has to be that
agent::TaskFinished evaluate(FakeSeat& seat, const std::string& expression);
agent::TaskFinished execute(FakeSeat& seat, const std::string& statements);

}  // namespace scaler::embed
