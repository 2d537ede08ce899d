#include "wire/carried.hpp"

#include <algorithm>

#include "protocol/carried.capnp.h"
#include "wire/encode.hpp"

namespace scaler::wire {
namespace {

constexpr std::uint32_t mark = 0x52414353;  // "SCAR"
constexpr unsigned place = 1;               // of the pointer; the body's is 0
constexpr unsigned root_data_words = 1;

// The same for const and other messages.
template <class AnyMessage>
auto find(AnyMessage& message) -> decltype(&std::get<Task>(message).carried) {
  if (auto* task = std::get_if<Task>(&message)) return &task->carried;
  if (auto* result = std::get_if<TaskResult>(&message)) return &result->carried;
  if (auto* graph = std::get_if<GraphTask>(&message)) return &graph->carried;
  if (auto* heartbeat = std::get_if<ClientHeartbeat>(&message)) return &heartbeat->carried;
  if (auto* echo = std::get_if<ClientHeartbeatEcho>(&message)) return &echo->carried;
  return nullptr;
}

// How many objects the message names that may be carried with it.
std::size_t objects_of(const Message& message) {
  if (const auto* task = std::get_if<Task>(&message)) return 1 + task->arguments.size();
  if (const auto* result = std::get_if<TaskResult>(&message)) return result->results.size();
  return 0;
}

}  // namespace

const Carried* carried_of(const Message& message) {
  const Carried* carried = find(message);
  return carried != nullptr && !carried->empty() ? carried : nullptr;
}

capnp::AnyStruct::Builder init_root(capnp::MessageBuilder& builder, bool carries) {
  return builder.getRoot<capnp::AnyPointer>().initAsAnyStruct(root_data_words, carries ? 2 : 1);
}

void write_carried(capnp::AnyStruct::Builder root, const Carried& carried) {
  auto to = root.getPointerSection()[place].initAs<protocol::Carried>();
  to.setMark(mark);
  to.setResultBytesMax(carried.result_bytes_max);
  write_blobs(to.initCopies(length(carried.copies)), carried.copies);
  if (carried.result_id) to.setResultId(data_of(carried.result_id->view()));
}

void read_carried(Decoder& in, capnp::AnyStruct::Reader root, Message& message) {
  Carried* to = find(message);
  if (to == nullptr || root.getPointerSection().size() <= place) return;
  const auto pointer = root.getPointerSection()[place];
  if (!pointer.isStruct()) return;
  const auto from = pointer.getAs<protocol::Carried>();
  if (from.getMark() != mark) return;
  to->result_bytes_max = std::min(from.getResultBytesMax(), copy_bytes_max);
  if (from.getCopies().size() > objects_of(message))
    return in.fail("copies", "more of them than the message names objects");
  to->copies = in.blobs(from.getCopies(), "copies");
  for (const Bytes& copy : to->copies)
    if (copy.size() > copy_bytes_max) in.fail("copies", "larger than a copy may be");
  if (std::holds_alternative<Task>(message) && from.getResultId().size() > 0)
    to->result_id = in.id<ObjectId>(from.getResultId(), "resultId");
}

}  // namespace scaler::wire
