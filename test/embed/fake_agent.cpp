#include "embed/fake_agent.hpp"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "scaler/base/passed_descriptors.hpp"

extern char** environ;

namespace scaler::embed {

namespace {

constexpr std::chrono::milliseconds patience{60'000};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool readable(int descriptor, std::chrono::milliseconds limit) {
  pollfd waiting{descriptor, POLLIN, 0};
  int ready;
  do ready = poll(&waiting, 1, static_cast<int>(limit.count()));
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

// ---- a seat ----

FakeSeat::~FakeSeat() { close(resume_); }

void FakeSeat::tell(const agent::ToProcessor& message) {
  const Bytes frame = encode(message);
  const ByteView body[] = {frame.view()};
  const Status sent = channel_->send(body);
  REQUIRE(sent);
}

void FakeSeat::tell_with(const agent::ToProcessor& said, int descriptor) {
  const Bytes frame = encode(said);
  std::byte prefix[8];
  store_le64(prefix, frame.size());
  iovec parts[] = {{prefix, sizeof prefix}, {const_cast<std::byte*>(frame.data()), frame.size()}};
  alignas(cmsghdr) std::byte ancillary[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  pass_descriptors(message, ancillary, {&descriptor, 1});
  REQUIRE(sendmsg(channel_->descriptor(), &message, MSG_NOSIGNAL) ==
          static_cast<ssize_t>(sizeof prefix + frame.size()));
}

bool FakeSeat::wait_readable(std::chrono::milliseconds limit) {
  return readable(channel_->descriptor(), limit);
}

agent::FromProcessor FakeSeat::hear() {
  while (true) {
    if (auto frame = channel_->next()) {
      auto message = agent::decode_from_processor(*frame);
      REQUIRE(message);
      const auto* want = std::get_if<agent::WantFile>(&*message);
      if (want == nullptr) return std::move(*message);
      on_file_wanted(want->bytes);
      continue;
    }
    REQUIRE(wait_readable(patience));
    const Result<bool> more = channel_->receive();
    REQUIRE(more);
    REQUIRE(*more);
  }
}

bool FakeSeat::ended() {
  REQUIRE(wait_readable(patience));
  const Result<bool> more = channel_->receive();
  return !more || !*more;
}

bool FakeSeat::silent_for(std::chrono::milliseconds time) { return !wait_readable(time); }

void FakeSeat::resume() {
  const std::uint64_t one = 1;
  REQUIRE(write(resume_, &one, sizeof one) == sizeof one);
}

void FakeSeat::greet() {
  pid = static_cast<pid_t>(std::get<agent::ProcessorStarted>(hear()).pid);
  python_version = std::get<agent::ProcessorReady>(hear()).python_version;
}

// ---- the agent ----

FakeAgent::FakeAgent(ZygoteOptions options, std::vector<std::string> environment) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  control_ = ends[0];
  constexpr int inherited = 100;
  options.control_fd = inherited;

  std::vector<std::string> arguments = zygote_arguments(options);
  arguments.insert(arguments.begin(), SCALER_ZYGOTE_HOST);
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, "VIRTUAL_ENV=", 12) != 0) environment.emplace_back(*entry);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], inherited);
  const int failed = posix_spawn(&zygote_, SCALER_ZYGOTE_HOST, &actions, nullptr,
                                 pointers_to(arguments).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  REQUIRE(failed == 0);
}

FakeAgent::~FakeAgent() {
  if (zygote_ > 0) exit_code_of_zygote();
}

std::string FakeAgent::hear_zygote() {
  REQUIRE(readable(control_, patience));
  char datagram[8192];
  const ssize_t got = recv(control_, datagram, sizeof datagram, 0);
  return got <= 0 ? std::string() : std::string(datagram, static_cast<std::size_t>(got));
}

void FakeAgent::send_zygote(const std::string& datagram) {
  REQUIRE(send(control_, datagram.data(), datagram.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(datagram.size()));
}

std::unique_ptr<FakeSeat> FakeAgent::fork_processor() {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const int resume = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
  const int passed[2] = {ends[1], resume};

  std::byte request[5] = {std::byte{'F'}};
  store_le32(request + 1, static_cast<std::uint32_t>(getpid()));
  iovec body{request, sizeof request};
  alignas(cmsghdr) std::byte ancillary[CMSG_SPACE(sizeof passed)] = {};
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  pass_descriptors(message, ancillary, passed);
  REQUIRE(sendmsg(control_, &message, MSG_NOSIGNAL) == sizeof request);
  close(ends[1]);
  return std::make_unique<FakeSeat>(ends[0], resume);
}

std::unique_ptr<FakeSeat> FakeAgent::start_processor() {
  auto seat = fork_processor();
  seat->greet();
  return seat;
}

int FakeAgent::exit_code_of_zygote() {
  close(control_);
  const int status = wait_status_of(std::exchange(zygote_, -1));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int FakeAgent::wait_status_of(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// ---- pickles ----

ObjectId object_id(std::uint8_t number) {
  ObjectId id;
  id.bytes.fill(std::byte{number});
  return id;
}
TaskId task_id(std::uint8_t number) {
  TaskId id;
  id.bytes.fill(std::byte{number});
  return id;
}

std::string pickled_name(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n.";
}

std::string pickled_text(const std::string& text) {
  std::string escaped;  // of the text opcode V: raw-unicode-escape
  for (const char c : text) {
    if (c == '\n')
      escaped += "\\u000a";
    else if (c == '\\')
      escaped += "\\u005c";
    else
      escaped += c;
  }
  return "V" + escaped + "\n.";
}

std::string default_serializer() {
  return "cscaler.client.serializer.default\nDefaultSerializer\n)R.";
}

void run_text(FakeSeat& seat, const std::string& function, const std::string& argument,
              bool stream_output, std::uint8_t number) {
  seat.tell(agent::GiveSerializer{Bytes::copy_of(client), Bytes::copy_of(default_serializer())});
  seat.tell(agent::GiveObject{object_id(1), Bytes::copy_of(pickled_name("builtins", function))});
  seat.tell(agent::GiveObject{object_id(2), Bytes::copy_of(pickled_text(argument))});
  seat.tell(agent::RunTask{
      task_id(number), Bytes::copy_of(client), 3, stream_output, object_id(1), {object_id(2)}});
}

agent::TaskFinished finished(FakeSeat& seat) { return std::get<agent::TaskFinished>(seat.hear()); }

agent::TaskFinished evaluate(FakeSeat& seat, const std::string& expression) {
  run_text(seat, "eval", expression);
  return finished(seat);
}

agent::TaskFinished execute(FakeSeat& seat, const std::string& statements) {
  run_text(seat, "exec", statements);
  return finished(seat);
}

}  // namespace scaler::embed
