#include "wire/decoder.hpp"

namespace scaler::wire {

Decoder::Decoder(const Bytes& frame)
    : frame_(frame), elements_left_(frame.size() / sizeof(capnp::word)) {}

void Decoder::fail(const char* field, const std::string& problem) {
  if (failed()) return;
  field_ = field;
  problem_ = problem;
}

Error Decoder::error() const {
  return {Errc::bad_message, std::string(kind_) + "." + field_ + ": " + problem_};
}

Bytes Decoder::bytes(capnp::Data::Reader from) const {
  if (from.size() == 0) return {};
  const auto* data = reinterpret_cast<const std::byte*>(from.begin());
  const std::less_equal<const std::byte*> not_after;
  const std::byte* frame_end = frame_.data() + frame_.size();
  if (not_after(frame_.data(), data) && not_after(data + from.size(), frame_end))
    return frame_.slice(static_cast<std::size_t>(data - frame_.data()), from.size());
  return Bytes::copy_of(ByteView{data, from.size()});
}

bool Decoder::admit(std::size_t elements, const char* field) {
  if (elements > elements_left_) {
    fail(field, "more elements than its frame can hold");
    return false;
  }
  elements_left_ -= elements;
  return !failed();
}

}  // namespace scaler::wire
