#include "embed/cpython/processor.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <deque>
#include <functional>

#include "embed/cpython/frame_channel.hpp"
#include "embed/cpython/gil.hpp"
#include "embed/cpython/given_file.hpp"
#include "embed/cpython/object.hpp"
#include "embed/cpython/processor_methods.hpp"
#include "embed/cpython/processor_signals.hpp"
#include "embed/cpython/task_cost.hpp"
#include "embed/cpython/task_limits.hpp"
#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/memory_file.hpp"

namespace scaler::embed {

namespace {

// What is smaller goes by the channel: a file's way costs more than it saves.
constexpr std::uint64_t in_file_bytes_min = std::uint64_t{1} << 20;

// The intermediate parent has ended or is about to; then the agent, a subreaper, is the parent.
// Only from then on does the parent-death signal mean the agent's death.
Status tie_life_to(pid_t agent) {
  constexpr int tries_max = 20'000;
  constexpr timespec pause{0, 100'000};
  for (int tries = 0; getppid() != agent; ++tries) {
    if (tries == tries_max)
      return Error{Errc::system,
                   fmt::format("not adopted by the agent {}, but by {}", agent, getppid())};
    nanosleep(&pause, nullptr);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != agent) return Error{Errc::system, "the agent has gone"};
  return ok();
}

// "3.11.2", of the interpreter that runs this, whatever it was compiled with.
std::string running_version() {
  const std::string_view all = Py_GetVersion();  // "3.11.2 (main, ...) [GCC ...]"
  return std::string(all.substr(0, all.find(' ')));
}

Object make_list(const std::vector<ObjectId>& ids) {
  Object list = Object::steal(PyList_New(static_cast<Py_ssize_t>(ids.size())));
  SCALER_ASSERT(static_cast<bool>(list), "no memory for a list");
  Py_ssize_t index = 0;
  for (const ObjectId& id : ids)
    PyList_SetItem(list.get(), index++, make_bytes(id.view()).release());
  return list;
}

// The memory of an object with the buffer protocol, kept while this lives.
class PayloadView {
 public:
  explicit PayloadView(PyObject* object)
      : held_(PyObject_GetBuffer(object, &buffer_, PyBUF_SIMPLE) == 0) {}
  ~PayloadView() {
    if (held_) PyBuffer_Release(&buffer_);
  }
  PayloadView(const PayloadView&) = delete;
  PayloadView& operator=(const PayloadView&) = delete;
  explicit operator bool() const { return held_; }
  ByteView view() const {
    return {static_cast<const std::byte*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
  }

 private:
  Py_buffer buffer_{};
  bool held_;
};

// A payload is one object with the buffer protocol, or a list of them.
Status add_payload(const Object& payload, std::deque<PayloadView>& parts,
                   std::vector<ByteView>& body) {
  if (PyList_Check(payload.get())) {
    for (Py_ssize_t i = 0; i < PyList_Size(payload.get()); ++i)
      SCALER_CHECK(add_payload(Object::borrow(PyList_GetItem(payload.get(), i)), parts, body));
    return ok();
  }
  const PayloadView& part = parts.emplace_back(payload.get());
  if (!part) return take_python_error("the result's payload");
  body.push_back(part.view());
  return ok();
}

class Processor {
 public:
  Processor(FrameChannel& channel, const ZygoteOptions& options)
      : channel_(channel), options_(options) {}

  Status start(int resume);
  Status serve();  // until the channel ends or SIGTERM comes
  Status say(const agent::FromProcessor& message);

 private:
  Status handle(const agent::ToProcessor& message);
  Status on_message(const agent::GiveObject& message);
  Status on_message(const agent::GiveFile& message);
  Status on_message(const agent::LendFile&) { return ok(); }  // nobody waits for it
  Status on_message(const agent::GiveSerializer& message);
  Status on_message(const agent::ForgetObjects& message);
  Status on_message(const agent::RunTask& message);
  Status give(const ObjectId& id, const Bytes& payload);
  Status await(const std::function<bool(const agent::ToProcessor&)>& is_wanted);
  Result<bool> finish_in_file(agent::TaskFinished& finished, std::span<const ByteView> payload);
  Status finish(const TaskId& id, const Object& answer, const TaskCost& cost);
  Result<Object> make_runtime() const;
  Result<bool> receive();

  FrameChannel& channel_;
  const ZygoteOptions& options_;
  std::deque<agent::ToProcessor> later_;  // what came while something else was awaited
  Object give_object_, give_serializer_, forget_, run_task_, after_task_;
};

Status Processor::say(const agent::FromProcessor& message) {
  const Bytes frame = encode(message);
  const ByteView body[] = {frame.view()};
  const GilReleased released;
  return channel_.send(body);
}

Result<Object> Processor::make_runtime() const {
  Object paths = Object::steal(PyList_New(0));
  for (const std::string& path : options_.log_paths)
    if (PyList_Append(paths.get(), make_text(path).get()) != 0) return take_python_error();
  Object settings = Object::steal(PyDict_New());
  const std::pair<const char*, Object> entries[] = {
      {"log_level", make_text(options_.log_level)},
      {"log_paths", paths},
      {"gc_seconds", make_integer(options_.gc_seconds)},
      {"trim_bytes", make_integer(static_cast<std::int64_t>(options_.trim_bytes))},
      {"memory_limit", make_integer(static_cast<std::int64_t>(options_.memory_limit))},
      {"cpu_limit", make_integer(options_.cpu_limit)},
      {"scheduler_address", make_text(options_.scheduler_address)},
      {"object_storage_address", make_text(options_.object_storage_address)}};
  for (const auto& [name, value] : entries)
    if (PyDict_SetItemString(settings.get(), name, value.get()) != 0) return take_python_error();

  SCALER_TRY(module, Object::import("scaler_runtime.process"));
  SCALER_TRY(native, Object::import(native_module_name));
  return module.call_method("ProcessorRuntime", {native, settings});
}

Status Processor::start(int resume) {
  SCALER_CHECK(processor_signals::install(resume));
  SCALER_CHECK(task_limits::install(options_.memory_limit, options_.cpu_limit));
  set_output_channel(&channel_);
  SCALER_TRY(runtime, make_runtime());
  SCALER_TRY(preloaded, runtime.call_method("preload", {make_text(options_.preload)}));
  const std::pair<const char*, Object*> methods[] = {{"give_object", &give_object_},
                                                     {"give_serializer", &give_serializer_},
                                                     {"forget", &forget_},
                                                     {"run_task", &run_task_},
                                                     {"after_task", &after_task_}};
  for (const auto& [name, method] : methods) {
    SCALER_TRY(found, runtime.attribute(name));
    *method = std::move(found);
  }
  return say(agent::ProcessorReady{running_version()});
}

// Waits for bytes or a signal. False: the channel has ended.
Result<bool> Processor::receive() {
  pollfd waiting[] = {{channel_.descriptor(), POLLIN, 0},
                      {processor_signals::wake_descriptor(), POLLIN, 0}};
  Result<bool> received = true;
  {
    const GilReleased released;
    const int ready = poll(waiting, 2, -1);
    if (ready > 0 && waiting[1].revents != 0) processor_signals::clear_wake();
    if (ready > 0 && waiting[0].revents != 0) received = channel_.receive();
  }
  // A SIGINT while no task runs has nobody to interrupt; whatever a user's own handler raises
  // neither.
  if (PyErr_CheckSignals() != 0) PyErr_Clear();
  return received;
}

Status Processor::serve() {
  while (true) {
    while (!processor_signals::termination_wanted()) {
      if (!later_.empty()) {
        const agent::ToProcessor message = std::move(later_.front());
        later_.pop_front();
        SCALER_CHECK(handle(message));
        continue;
      }
      const auto frame = channel_.next();
      if (!frame) break;
      SCALER_TRY(message, agent::decode_to_processor(*frame));
      SCALER_CHECK(handle(message));
    }
    if (processor_signals::termination_wanted()) return say(agent::ProcessorLeaves{});
    SCALER_TRY(more, receive());
    if (!more) return ok();
  }
}

Status Processor::handle(const agent::ToProcessor& message) {
  return std::visit([this](const auto& said) { return on_message(said); }, message);
}

// Until a wanted message has come. Others are for later.
Status Processor::await(const std::function<bool(const agent::ToProcessor&)>& is_wanted) {
  while (true) {
    while (const auto frame = channel_.next()) {
      SCALER_TRY(message, agent::decode_to_processor(*frame));
      if (is_wanted(message)) return ok();
      later_.push_back(std::move(message));
    }
    const GilReleased released;
    SCALER_TRY(more, channel_.receive());
    if (!more) return Error{Errc::unavailable, "the agent has gone"};
  }
}

Status Processor::give(const ObjectId& id, const Bytes& payload) {
  SCALER_TRY(done, give_object_.call({make_bytes(id.view()), make_payload(payload)}));
  return ok();
}

Status Processor::on_message(const agent::GiveObject& message) {
  return give(message.id, message.payload);
}

// An argument that was lost on its way, because this process may have no more descriptors, say,
// comes once more by the channel.
Status Processor::on_message(const agent::GiveFile& message) {
  if (const auto bytes = take_given_file(channel_, message)) return give(message.id, *bytes);
  SCALER_CHECK(say(agent::FileMissing{message.id, message.number}));
  Bytes payload;
  SCALER_CHECK(await([&](const agent::ToProcessor& said) {
    const auto* given = std::get_if<agent::GiveObject>(&said);
    if (given == nullptr || given->id != message.id) return false;
    payload = given->payload;
    return true;
  }));
  return give(message.id, payload);
}

Status Processor::on_message(const agent::GiveSerializer& message) {
  SCALER_TRY(done,
             give_serializer_.call({make_bytes(serializer_id_of(message.client.view()).view()),
                                    make_bytes(message.client), make_payload(message.payload)}));
  return ok();
}

Status Processor::on_message(const agent::ForgetObjects& message) {
  SCALER_TRY(done, forget_.call({make_list(message.ids)}));
  return ok();
}

Status Processor::on_message(const agent::RunTask& message) {
  const TaskCost cost;
  SCALER_TRY(answer,
             run_task_.call({make_bytes(message.id.view()), make_bytes(message.client),
                             make_integer(message.priority), make_bool(message.stream_output),
                             make_bytes(message.function.view()), make_list(message.arguments)}));
  SCALER_CHECK(finish(message.id, answer, cost));
  answer = Object();  // a large result is gone before memory is looked at
  SCALER_TRY(collected, after_task_.call({}));
  return ok();
}

// answer: (failed, payload, text for the log). The payload goes out from where Python has it: it is
// the last field of its frame and has no length of its own, so a frame without it is what precedes
// it.
Status Processor::finish(const TaskId& id, const Object& answer, const TaskCost& cost) {
  SCALER_ASSERT(PyTuple_Check(answer.get()) && PyTuple_Size(answer.get()) == 3,
                "the runtime answers with three values");
  const Object failed = Object::borrow(PyTuple_GetItem(answer.get(), 0));
  const Object text = Object::borrow(PyTuple_GetItem(answer.get(), 2));
  agent::TaskFinished finished;
  finished.id = id;
  SCALER_TRY(is_failed, failed.truth());
  SCALER_TRY(failure, text.text());
  finished.failed = is_failed;
  finished.failure = std::move(failure);
  const TaskCost::Used used = cost.used();
  finished.cpu_seconds = used.cpu_seconds;
  finished.memory_peak_bytes = used.memory_peak_bytes;

  std::deque<PayloadView> parts;  // they do not move
  std::vector<ByteView> body{ByteView()};
  const Object payload = Object::borrow(PyTuple_GetItem(answer.get(), 1));
  SCALER_CHECK(add_payload(payload, parts, body));
  SCALER_TRY(in_file, finish_in_file(finished, std::span(body).subspan(1)));
  if (in_file) return say(std::move(finished));
  const Bytes head = encode(agent::FromProcessor{std::move(finished)});
  body[0] = head.view();
  const GilReleased released;
  return channel_.send(body);
}

// A large payload is written into a file of the store's, if there is one to be had.
Result<bool> Processor::finish_in_file(agent::TaskFinished& finished,
                                       std::span<const ByteView> payload) {
  std::uint64_t bytes = 0;
  for (const ByteView part : payload) bytes += part.size();
  if (bytes < in_file_bytes_min) return false;
  SCALER_CHECK(say(agent::WantFile{bytes}));
  agent::LendFile lent;
  SCALER_CHECK(await([&lent](const agent::ToProcessor& said) {
    const auto* answer = std::get_if<agent::LendFile>(&said);
    if (answer != nullptr) lent = *answer;
    return answer != nullptr;
  }));
  if (lent.number == 0) return false;
  const int file = channel_.take_descriptor(lent.inode);
  const bool written = [&] {
    const GilReleased released;
    return file >= 0 && write_file(file, payload);
  }();
  if (file >= 0) close(file);
  if (!written) {
    SCALER_CHECK(say(agent::FileDone{lent.number, false}));
    return false;
  }
  finished.file = lent.number;
  finished.file_bytes = bytes;
  return true;
}

int run(FrameChannel& channel, const ProcessorSeat& seat, const ZygoteOptions& options) {
  // What tasks start belongs to a group of this processor's, which the agent ends with it. The
  // agent hears of this process after that.
  setpgid(0, 0);
  Processor processor(channel, options);
  Status status = processor.say(agent::ProcessorStarted{static_cast<std::uint32_t>(getpid())});
  if (status) status = tie_life_to(seat.agent);
  if (status) status = processor.start(seat.resume);
  if (status) status = processor.serve();
  if (status || status.error().code == Errc::unavailable) return 0;  // the agent hung up
  log::error("Processor[{}] ends: {}", getpid(), status.error().text);
  [[maybe_unused]] const Status told = processor.say(agent::ProcessorFailed{status.error().text});
  return 1;
}

}  // namespace

int run_processor(const ProcessorSeat& seat, const ZygoteOptions& options) {
  prctl(PR_SET_NAME, "scaler-proc");
  // Outlives this function: threads of user code may still print while the interpreter ends.
  static FrameChannel* channel = nullptr;
  SCALER_ASSERT(channel == nullptr, "one processor per process");
  channel = new FrameChannel(seat.channel);
  const int exit_code = run(*channel, seat, options);
  return exit_code;
}

}  // namespace scaler::embed
