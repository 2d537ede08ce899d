#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "scaler/agent/channel_protocol.hpp"

// A zygote without Python: speaks the control socket's protocol (descriptor 3) and forks processors
// that do what a task's client name says. `fake_zygote normal`, or `fake_zygote refuse`.
namespace {

using namespace scaler;
using namespace scaler::agent;

constexpr int control = 3;
int resume_descriptor = -1;

void write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(descriptor, bytes.data(), bytes.size());
    if (sent <= 0) _exit(90);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}
bool read_all(int descriptor, std::byte* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(descriptor, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}
void say(int channel, const FromProcessor& message) {
  const Bytes body = encode(message);
  std::byte length[8];
  store_le64(length, body.size());
  write_all(channel, length);
  write_all(channel, body);
}
void finish(int channel, const RunTask& task, const char* result) {
  say(channel, TaskFinished{task.id, false, Bytes::copy_of(result), ""});
}

void run(int channel, const RunTask& task) {
  const std::string_view wish = task.client.text();
  if (wish.starts_with("leave a child") && ::fork() == 0) {
    ::close(channel);
    while (true) ::pause();
  }
  if (wish == "leave a child and exit") _exit(3);
  if (wish == "exit 3") _exit(3);
  if (wish == "crash") std::raise(SIGSEGV);
  if (wish == "garbage") write_all(channel, as_bytes(std::string_view("\1\0\0\0\0\0\0\0\xee", 9)));
  if (wish == "close") ::close(channel);
  if (wish == "last words") {
    finish(channel, task, "done");
    _exit(0);
  }
  if (wish == "impersonate") say(channel, ProcessorStarted{1});
  if (wish == "wait") ::pause();  // until SIGUSR1, whose handler waits for the resume
  if (wish == "finish" || wish == "wait" || wish == "impersonate")
    finish(channel, task, "done");
  else
    while (true) ::pause();
}

int processor(int channel) {
  ::setpgid(0, 0);
  struct sigaction soft {};
  soft.sa_handler = [](int) {
    std::uint64_t one = 0;
    while (::read(resume_descriptor, &one, sizeof one) < 0 && errno == EINTR) {
    }
  };
  sigaction(SIGUSR1, &soft, nullptr);
  std::signal(SIGSEGV, SIG_DFL);
  say(channel, ProcessorStarted{static_cast<std::uint32_t>(::getpid())});
  say(channel, ProcessorReady{"0.0"});
  std::byte length[8];
  while (read_all(channel, length, sizeof length)) {
    Buffer body(load_le64(length));
    const std::size_t size = load_le64(length);
    if (!read_all(channel, body.spare().data(), size)) break;
    body.commit(size);
    const auto message = decode_to_processor(std::move(body).freeze());
    if (!message) return 91;
    if (const auto* task = std::get_if<RunTask>(&*message)) run(channel, *task);
  }
  return 0;
}

// Waits for one request. False: the agent closed the socket.
bool receive(int& channel) {
  std::byte request[5];
  iovec part{request, sizeof request};
  alignas(cmsghdr) char ancillary[CMSG_SPACE(2 * sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = ancillary;
  header.msg_controllen = sizeof ancillary;
  if (::recvmsg(control, &header, 0) != sizeof request || request[0] != std::byte{'F'})
    return false;
  int descriptors[2];
  std::memcpy(descriptors, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof descriptors);
  channel = descriptors[0];
  resume_descriptor = descriptors[1];
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "refuse") {
    ::send(control, "Xno Python here", 15, 0);
    return 1;
  }
  ::send(control, "R0.0", 4, 0);
  for (int channel = -1; receive(channel);) {
    const pid_t between = ::fork();
    if (between == 0) {
      if (::fork() != 0) _exit(0);
      ::close(control);
      _exit(processor(channel));
    }
    ::waitpid(between, nullptr, 0);
    ::close(channel);
    ::close(resume_descriptor);
  }
  return 0;
}
