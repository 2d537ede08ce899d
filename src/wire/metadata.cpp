#include <array>
#include <bit>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {
namespace {

constexpr std::size_t flags_bytes = 6;
constexpr std::size_t profile_bytes = 16;

constexpr std::array kind_names = {
    "Task",
    "TaskCancel",
    "TaskCancelConfirm",
    "TaskResult",
    "TaskLog",
    "GraphTask",
    "ObjectInstruction",
    "ClientHeartbeat",
    "ClientHeartbeatEcho",
    "WorkerHeartbeat",
    "WorkerHeartbeatEcho",
    "DisconnectRequest",
    "DisconnectResponse",
    "StateClient",
    "StateObject",
    "StateBalanceAdvice",
    "StateScheduler",
    "StateWorker",
    "StateTask",
    "StateGraphTask",
    "ClientDisconnect",
    "ClientShutdownResponse",
    "ProcessorInitialized",
    "InformationRequest",
    "InformationResponse",
    "WorkerManagerHeartbeat",
    "WorkerManagerHeartbeatEcho",
    "WorkerManagerCommand",
    "WorkerManagerCommandResponse",
};
static_assert(kind_names.size() == std::variant_size_v<Message>);

std::uint32_t load_be32(const std::byte* from) { return __builtin_bswap32(load_le32(from)); }

}  // namespace

const char* kind_name(const Message& message) { return kind_name(message.index()); }

const char* kind_name(std::size_t variant_index) {
  return variant_index < kind_names.size() ? kind_names[variant_index] : "unknown";
}

std::optional<TaskFlags> decode_task_flags(ByteView metadata) {
  if (metadata.empty()) return TaskFlags{};
  if (metadata.size() != flags_bytes) return std::nullopt;
  TaskFlags flags;
  flags.profiling = metadata[0] != std::byte{0};
  flags.priority = static_cast<std::int32_t>(load_be32(metadata.data() + 1));
  flags.stream_output = metadata[5] != std::byte{0};
  if (flags.priority < 0) return std::nullopt;
  return flags;
}

Bytes encode_task_flags(const TaskFlags& flags) {
  std::array<std::byte, flags_bytes> metadata{};
  metadata[0] = std::byte{flags.profiling};
  store_be32(metadata.data() + 1, static_cast<std::uint32_t>(flags.priority));
  metadata[5] = std::byte{flags.stream_output};
  return Bytes::copy_of(metadata);
}

std::optional<TaskProfile> decode_task_profile(ByteView metadata) {
  if (metadata.empty()) return TaskProfile{};
  if (metadata.size() != profile_bytes) return std::nullopt;
  return TaskProfile{.duration_seconds = std::bit_cast<float>(load_be32(metadata.data())),
                     .memory_peak_bytes = load_be64(metadata.data() + 4),
                     .cpu_seconds = std::bit_cast<float>(load_be32(metadata.data() + 12))};
}

Bytes encode_task_profile(const TaskProfile& profile) {
  std::array<std::byte, profile_bytes> metadata{};
  store_be32(metadata.data(), std::bit_cast<std::uint32_t>(profile.duration_seconds));
  store_be64(metadata.data() + 4, profile.memory_peak_bytes);
  store_be32(metadata.data() + 12, std::bit_cast<std::uint32_t>(profile.cpu_seconds));
  return Bytes::copy_of(metadata);
}

}  // namespace scaler::wire
