// What the codec costs, in nanoseconds per call: best and median of some rounds, one line for each
// case. A number means something only beside its machine and commit.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "scaler/wire/codec.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace {

using namespace scaler;  // NOLINT(google-build-using-namespace): one file

constexpr int rounds = 15;

// Keeps the compiler from dropping a call whose result nobody reads.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

template <class Call>
void measure(const char* what, std::size_t calls, Call call) {
  std::vector<double> ns;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < calls; ++i) call();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    ns.push_back(taken.count() / static_cast<double>(calls));
  }
  std::sort(ns.begin(), ns.end());
  std::printf("%-34s %12.1f ns best %12.1f ns median\n", what, ns.front(), ns[ns.size() / 2]);
}

wire::Task task_of_one_argument() {
  wire::Task task;
  task.source = Bytes::copy_of("Client|890333c8bb57413f8e71576d3ad8cba3");
  task.metadata = wire::encode_task_flags({});
  task.arguments.emplace_back(ObjectId{});
  return task;
}

wire::ObjectInstruction creation_of(std::size_t objects) {
  wire::ObjectInstruction instruction;
  instruction.user = Bytes::copy_of("Client|890333c8bb57413f8e71576d3ad8cba3");
  instruction.ids.resize(objects);
  instruction.types.resize(objects, wire::ObjectContentType::object);
  instruction.names.resize(objects, Bytes::copy_of(std::string(100, 'n')));
  return instruction;
}

void measure_message(const char* name, std::size_t calls, const wire::Message& message) {
  const Bytes frame = wire::encode(message);
  std::printf("%s, %zu bytes\n", name, frame.size());
  measure("  decode", calls, [&] { keep(wire::decode(frame)); });
  measure("  encode", calls, [&] { keep(wire::encode(message)); });
  measure("  decode and encode", calls, [&] { keep(wire::encode(*wire::decode(frame))); });
  measure("  kind only", calls, [&] { keep(wire::kind_of(frame)); });
}

}  // namespace

int main() {
  measure_message("Task, one argument", 200'000, task_of_one_argument());
  measure_message("TaskResult", 200'000,
                  wire::TaskResult{.id = {}, .metadata = {}, .results = {ObjectId{}}});
  measure_message("ClientHeartbeat", 200'000, wire::ClientHeartbeat{});
  measure_message("ObjectInstruction of 100,000", 3, creation_of(100'000));

  Bytes unknown_enum = wire::encode(wire::ClientDisconnect{static_cast<wire::DisconnectType>(9)});
  measure("refusal of an unknown enum", 100'000, [&] { keep(wire::decode(unknown_enum)); });
  std::vector<std::byte> bad(32);
  store_le32(bad.data() + 4, 3);
  store_le64(bad.data() + 8, 0x0001'0001'0000'7770U);  // a root far outside the segment
  const Bytes wild_pointer = Bytes::copy_of(ByteView(bad));
  measure("refusal of a wild pointer", 10'000, [&] { keep(wire::decode(wild_pointer)); });

  const Bytes header = wire::encode_store_request({});
  measure("storage header, decode", 1'000'000, [&] { keep(wire::decode_store_request(header)); });
  measure("storage header, encode", 1'000'000, [&] { keep(wire::encode_store_request({})); });
}
