#include "scaler/agent/channel_protocol.hpp"

#include <bit>
#include <cstring>
#include <limits>

#include "agent/utf8.hpp"

// A frame: one byte of kind, then the fields in the order of the struct. Integers are
// little-endian, a truth value is one byte 0 or 1, text and lists have a 32-bit length before them.
// The one large payload of a frame is its last field and has no length: it is what remains.
namespace scaler::agent {

namespace {

enum class Kind : std::uint8_t {
  give_object = 1,
  give_serializer,
  forget_objects,
  run_task,
  give_file,
  lend_file,
  processor_started = 65,
  processor_ready,
  processor_failed,
  task_finished,
  task_output,
  processor_leaves,
  want_file,
  file_done,
  file_missing,
};

class Writer {
 public:
  Writer(Kind kind, std::size_t expected_bytes) : buffer_(expected_bytes + 1) {
    u8(static_cast<std::uint8_t>(kind));
  }
  void u8(std::uint8_t value) { raw(ByteView{reinterpret_cast<const std::byte*>(&value), 1}); }
  void u32(std::uint32_t value) {
    std::byte bytes[4];
    store_le32(bytes, value);
    raw(bytes);
  }
  void u64(std::uint64_t value) {
    std::byte bytes[8];
    store_le64(bytes, value);
    raw(bytes);
  }
  void raw(ByteView view) { buffer_.append(view); }
  void sized(ByteView view) {
    SCALER_ASSERT(view.size() <= std::numeric_limits<std::uint32_t>::max(), "field of a frame");
    u32(static_cast<std::uint32_t>(view.size()));
    raw(view);
  }
  void ids(const std::vector<ObjectId>& list) {
    u32(static_cast<std::uint32_t>(list.size()));
    for (const ObjectId& id : list) raw(id.view());
  }
  Bytes frame() && { return std::move(buffer_).freeze(); }

 private:
  Buffer buffer_;
};

// Reads fields until one is missing; from then on everything is empty and `error` says which.
class Reader {
 public:
  Reader(const Bytes& frame, const char* kind) : frame_(frame), at_(1), kind_(kind) {}

  std::uint8_t u8(const char* field) {
    const std::byte* from = take(1, field);
    return from ? std::to_integer<std::uint8_t>(*from) : std::uint8_t{0};
  }
  bool flag(const char* field) {
    const std::uint8_t value = u8(field);
    if (value > 1) fail(field, "is neither 0 nor 1");
    return value == 1;
  }
  std::uint32_t u32(const char* field) {
    const std::byte* from = take(4, field);
    return from ? load_le32(from) : 0;
  }
  std::uint64_t u64(const char* field) {
    const std::byte* from = take(8, field);
    return from ? load_le64(from) : 0;
  }
  float seconds(const char* field) {
    const float value = std::bit_cast<float>(u32(field));
    if (!(value >= 0) || value > std::numeric_limits<float>::max())
      fail(field, "is not a duration");
    return value;
  }
  template <class Id>
  Id id(const char* field) {
    Id result;
    if (const std::byte* from = take(Id::size, field))
      std::memcpy(result.bytes.data(), from, Id::size);
    return result;
  }
  std::vector<ObjectId> ids(const char* field) {
    const std::uint64_t count = u32(field);
    std::vector<ObjectId> list;
    if (count * ObjectId::size > left()) {  // before any memory is asked for
      fail(field, "announces more ids than the frame holds");
      return list;
    }
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) list.push_back(id<ObjectId>(field));
    return list;
  }
  Bytes sized(const char* field) {
    const std::uint32_t length = u32(field);
    const std::size_t start = at_;
    return take(length, field) ? frame_.slice(start, length) : Bytes{};
  }
  std::string text(const char* field) { return to_utf8(sized(field).text()); }
  Bytes rest() {
    if (error_) return {};
    Bytes result = frame_.slice(at_, left());
    at_ = frame_.size();
    return result;
  }

  // The message, unless a field was wrong or bytes are left over.
  template <class Variant, class Message>
  Result<Variant> done(Message message) {
    if (!error_ && left() > 0) fail("end", "is followed by more bytes");
    if (error_) return std::move(*error_);
    return Variant{std::move(message)};
  }

 private:
  std::size_t left() const { return frame_.size() - at_; }
  const std::byte* take(std::size_t bytes, const char* field) {
    if (error_) return nullptr;
    if (bytes > left()) {
      fail(field, "is cut short");
      return nullptr;
    }
    const std::byte* from = frame_.data() + at_;
    at_ += bytes;
    return from;
  }
  void fail(const char* field, const char* what) {
    if (!error_)
      error_ = Error{Errc::bad_message, std::string(kind_) + ": field " + field + " " + what};
  }

  const Bytes& frame_;
  std::size_t at_;
  const char* kind_;
  std::optional<Error> error_;
};

struct Encoder {
  Bytes operator()(const GiveObject& m) const {
    Writer out(Kind::give_object, ObjectId::size + m.payload.size());
    out.raw(m.id.view());
    out.raw(m.payload);
    return std::move(out).frame();
  }
  Bytes operator()(const GiveFile& m) const {
    Writer out(Kind::give_file, ObjectId::size + 24);
    out.raw(m.id.view());
    out.u64(m.number);
    out.u64(m.bytes);
    out.u64(m.inode);
    return std::move(out).frame();
  }
  Bytes operator()(const LendFile& m) const {
    Writer out(Kind::lend_file, 16);
    out.u64(m.number);
    out.u64(m.inode);
    return std::move(out).frame();
  }
  Bytes operator()(const GiveSerializer& m) const {
    Writer out(Kind::give_serializer, 4 + m.client.size() + m.payload.size());
    out.sized(m.client);
    out.raw(m.payload);
    return std::move(out).frame();
  }
  Bytes operator()(const ForgetObjects& m) const {
    Writer out(Kind::forget_objects, 4 + m.ids.size() * ObjectId::size);
    out.ids(m.ids);
    return std::move(out).frame();
  }
  Bytes operator()(const RunTask& m) const {
    Writer out(Kind::run_task, TaskId::size + m.client.size() + ObjectId::size + 16 +
                                   m.arguments.size() * ObjectId::size);
    out.raw(m.id.view());
    out.sized(m.client);
    out.u32(static_cast<std::uint32_t>(m.priority));
    out.u8(m.stream_output ? 1 : 0);
    out.raw(m.function.view());
    out.ids(m.arguments);
    return std::move(out).frame();
  }
  Bytes operator()(const ProcessorStarted& m) const {
    Writer out(Kind::processor_started, 4);
    out.u32(m.pid);
    return std::move(out).frame();
  }
  Bytes operator()(const ProcessorReady& m) const {
    Writer out(Kind::processor_ready, 4 + m.python_version.size());
    out.sized(as_bytes(m.python_version));
    return std::move(out).frame();
  }
  Bytes operator()(const ProcessorFailed& m) const {
    Writer out(Kind::processor_failed, 4 + m.reason.size());
    out.sized(as_bytes(m.reason));
    return std::move(out).frame();
  }
  Bytes operator()(const TaskFinished& m) const {
    Writer out(Kind::task_finished, TaskId::size + 33 + m.failure.size() + m.payload.size());
    out.raw(m.id.view());
    out.u8(m.failed ? 1 : 0);
    out.sized(as_bytes(m.failure));
    out.u32(std::bit_cast<std::uint32_t>(m.cpu_seconds));
    out.u64(m.memory_peak_bytes);
    out.u64(m.file);
    out.u64(m.file_bytes);
    out.raw(m.payload);
    return std::move(out).frame();
  }
  Bytes operator()(const ProcessorLeaves&) const {
    Writer out(Kind::processor_leaves, 0);
    return std::move(out).frame();
  }
  Bytes operator()(const WantFile& m) const {
    Writer out(Kind::want_file, 8);
    out.u64(m.bytes);
    return std::move(out).frame();
  }
  Bytes operator()(const FileDone& m) const {
    Writer out(Kind::file_done, 9);
    out.u64(m.number);
    out.u8(m.unsure ? 1 : 0);
    return std::move(out).frame();
  }
  Bytes operator()(const FileMissing& m) const {
    Writer out(Kind::file_missing, ObjectId::size + 8);
    out.raw(m.id.view());
    out.u64(m.number);
    return std::move(out).frame();
  }
  Bytes operator()(const TaskOutput& m) const {
    Writer out(Kind::task_output, TaskId::size + 5 + m.text.size());
    out.raw(m.id.view());
    out.u8(m.is_stderr ? 1 : 0);
    out.sized(as_bytes(m.text));
    return std::move(out).frame();
  }
};

Error unknown_kind(const Bytes& frame) {
  if (frame.empty()) return {Errc::bad_message, "empty frame"};
  return {Errc::bad_message,
          "unknown kind of frame " + std::to_string(std::to_integer<int>(*frame.data()))};
}

}  // namespace

Bytes encode(const ToProcessor& message) { return std::visit(Encoder{}, message); }
Bytes encode(const FromProcessor& message) { return std::visit(Encoder{}, message); }

// Braces around a struct's fields are evaluated from left to right, so the order below is the
// order on the channel.
Result<ToProcessor> decode_to_processor(const Bytes& frame) {
  if (frame.empty()) return unknown_kind(frame);
  switch (static_cast<Kind>(*frame.data())) {
    case Kind::give_object: {
      Reader in(frame, "GiveObject");
      GiveObject message{in.id<ObjectId>("id"), in.rest()};
      return in.done<ToProcessor>(std::move(message));
    }
    case Kind::give_file: {
      Reader in(frame, "GiveFile");
      GiveFile message{in.id<ObjectId>("id"), in.u64("number"), in.u64("bytes"), in.u64("inode")};
      return in.done<ToProcessor>(message);
    }
    case Kind::lend_file: {
      Reader in(frame, "LendFile");
      LendFile message{in.u64("number"), in.u64("inode")};
      return in.done<ToProcessor>(message);
    }
    case Kind::give_serializer: {
      Reader in(frame, "GiveSerializer");
      GiveSerializer message{in.sized("client"), in.rest()};
      return in.done<ToProcessor>(std::move(message));
    }
    case Kind::forget_objects: {
      Reader in(frame, "ForgetObjects");
      return in.done<ToProcessor>(ForgetObjects{in.ids("ids")});
    }
    case Kind::run_task: {
      Reader in(frame, "RunTask");
      RunTask message{in.id<TaskId>("id"),
                      in.sized("client"),
                      static_cast<std::int32_t>(in.u32("priority")),
                      in.flag("stream_output"),
                      in.id<ObjectId>("function"),
                      in.ids("arguments")};
      return in.done<ToProcessor>(std::move(message));
    }
    default:
      return unknown_kind(frame);
  }
}

Result<FromProcessor> decode_from_processor(const Bytes& frame) {
  if (frame.empty()) return unknown_kind(frame);
  switch (static_cast<Kind>(*frame.data())) {
    case Kind::processor_started: {
      Reader in(frame, "ProcessorStarted");
      return in.done<FromProcessor>(ProcessorStarted{in.u32("pid")});
    }
    case Kind::processor_ready: {
      Reader in(frame, "ProcessorReady");
      return in.done<FromProcessor>(ProcessorReady{in.text("python_version")});
    }
    case Kind::processor_failed: {
      Reader in(frame, "ProcessorFailed");
      return in.done<FromProcessor>(ProcessorFailed{in.text("reason")});
    }
    case Kind::task_finished: {
      Reader in(frame, "TaskFinished");
      TaskFinished message;
      message.id = in.id<TaskId>("id");
      message.failed = in.flag("failed");
      message.failure = in.text("failure");
      message.cpu_seconds = in.seconds("cpu_seconds");
      message.memory_peak_bytes = in.u64("memory_peak_bytes");
      message.file = in.u64("file");
      message.file_bytes = in.u64("file_bytes");
      message.payload = in.rest();
      return in.done<FromProcessor>(std::move(message));
    }
    case Kind::processor_leaves:
      return Reader(frame, "ProcessorLeaves").done<FromProcessor>(ProcessorLeaves{});
    case Kind::want_file: {
      Reader in(frame, "WantFile");
      return in.done<FromProcessor>(WantFile{in.u64("bytes")});
    }
    case Kind::file_done: {
      Reader in(frame, "FileDone");
      FileDone message{in.u64("number"), in.flag("unsure")};
      return in.done<FromProcessor>(message);
    }
    case Kind::file_missing: {
      Reader in(frame, "FileMissing");
      FileMissing message{in.id<ObjectId>("id"), in.u64("number")};
      return in.done<FromProcessor>(message);
    }
    case Kind::task_output: {
      Reader in(frame, "TaskOutput");
      TaskOutput message{in.id<TaskId>("id"), in.flag("is_stderr"), in.text("text")};
      return in.done<FromProcessor>(std::move(message));
    }
    default:
      return unknown_kind(frame);
  }
}

}  // namespace scaler::agent
