#include "roles/unit_command.hpp"

#include "scaler/config/logging.hpp"

namespace scaler::roles {

namespace {

class ShellLine {
 public:
  explicit ShellLine(std::string begin) : text_(std::move(begin)) {}
  void word(std::string_view text) { text_ += ' ' + shell_word(text); }
  void option(std::string_view name, std::string_view value) {
    text_ += " --";
    text_ += name;
    word(value);
  }
  void option(std::string_view name, std::int64_t value) { option(name, std::to_string(value)); }
  void option_unless(std::int64_t common, std::string_view name, std::int64_t value) {
    if (value != common) option(name, value);
  }
  void option_if(std::string_view name, const std::string& value) {
    if (!value.empty()) option(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./-_";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
    return std::string(text);
  std::string word = "'";
  for (const char c : text)
    if (c == '\'')
      word += "'\\''";
    else
      word += c;
  return word + '\'';
}

// What releases of the peer do not know is said only when it was asked for.
std::string unit_command(const config::WorkerManagerOptions& options, std::string_view type,
                         std::uint64_t workers) {
  const config::WorkerTuning& tuning = options.tuning;
  ShellLine line("scaler_worker_manager baremetal_native");
  line.word(options.worker_scheduler_address.value_or(options.scheduler_address).to_string());
  line.option("mode", "fixed");
  line.option("worker-type", type);
  line.option("max-task-concurrency", static_cast<std::int64_t>(workers));
  line.option("worker-manager-id", options.worker_manager_id);
  if (options.object_storage_address)
    line.option("object-storage-address", options.object_storage_address->to_string());
  line.option("per-worker-task-queue-size", tuning.per_worker_task_queue_size);
  line.option("heartbeat-interval-seconds", tuning.heartbeat_interval_seconds);
  line.option("task-timeout-seconds", tuning.task_timeout_seconds);
  line.option("death-timeout-seconds", tuning.death_timeout_seconds);
  line.option("garbage-collect-interval-seconds", tuning.garbage_collect_interval_seconds);
  line.option("trim-memory-threshold-bytes", tuning.trim_memory_threshold_bytes);
  if (tuning.hard_processor_suspend) line.word("--hard-processor-suspend");
  line.option_if("per-worker-capabilities", tuning.per_worker_capabilities);
  line.option_if("preload", tuning.preload);
  line.option_unless(1, "io-threads", tuning.io_threads);
  if (tuning.event_loop != "builtin") line.option("event-loop", tuning.event_loop);
  if (options.logging.level != log::Level::info)
    line.option("logging-level", config::level_name(options.logging.level));
  line.option_if("python-env", tuning.python_env);
  line.option_if("python", tuning.python);
  line.option_unless(0, "task-memory-limit", tuning.task_memory_limit_bytes);
  line.option_unless(0, "task-cpu-limit", tuning.task_cpu_limit_seconds);
  return line.take();
}

}  // namespace scaler::roles
