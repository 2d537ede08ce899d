#include "roles/worker_command.hpp"

#include "scaler/config/logging.hpp"

namespace scaler::roles {

namespace {

class CommandLine {
 public:
  explicit CommandLine(const char* command) : words_{"scaler", command} {}
  void word(std::string text) { words_.push_back(std::move(text)); }
  void option(const char* name, std::string value) {
    words_.push_back(std::string("--") + name);
    words_.push_back(std::move(value));
  }
  void option(const char* name, std::int64_t value) { option(name, std::to_string(value)); }
  void option_if(const char* name, const std::string& value) {
    if (!value.empty()) option(name, value);
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_tuning(CommandLine& line, const config::WorkerTuning& tuning) {
  line.option_if("per-worker-capabilities", tuning.per_worker_capabilities);
  line.option("per-worker-task-queue-size", tuning.per_worker_task_queue_size);
  line.option("heartbeat-interval-seconds", tuning.heartbeat_interval_seconds);
  line.option("task-timeout-seconds", tuning.task_timeout_seconds);
  line.option("death-timeout-seconds", tuning.death_timeout_seconds);
  line.option("garbage-collect-interval-seconds", tuning.garbage_collect_interval_seconds);
  line.option("trim-memory-threshold-bytes", tuning.trim_memory_threshold_bytes);
  if (tuning.hard_processor_suspend) line.word("--hard-processor-suspend");
  line.option("io-threads", tuning.io_threads);
  line.option("event-loop", tuning.event_loop);
  line.option_if("preload", tuning.preload);
  line.option_if("python-env", tuning.python_env);
  line.option_if("python", tuning.python);
  line.option("task-memory-limit", tuning.task_memory_limit_bytes);
  line.option("task-cpu-limit", tuning.task_cpu_limit_seconds);
}

void add_logging(CommandLine& line, const config::LoggingOptions& logging) {
  line.option("logging-level", std::string(config::level_name(logging.level)));
  if (logging.format == config::LogFormat::json) line.option("log-format", "json");
  if (logging.time == config::LogTime::utc) line.option("log-time", "utc");
  line.option_if("logging-config-file", logging.config_file);
  line.word("--logging-paths");
  for (const std::string& path : logging.paths) line.word(path);
}

}  // namespace

std::vector<std::string> worker_command(const config::WorkerOptions& options) {
  CommandLine line("worker");
  line.word(options.scheduler_address.to_string());
  line.option("worker-id", options.worker_id);
  line.option("worker-manager-id", options.worker_manager_id);
  if (options.object_storage_address)
    line.option("object-storage-address", options.object_storage_address->to_string());
  line.option_if("tls-cert", options.tls.cert);
  line.option_if("tls-key", options.tls.key);
  add_tuning(line, options.tuning);
  add_logging(line, options.logging);
  return line.take();
}

std::vector<std::string> zygote_command(const config::WorkerOptions& options) {
  CommandLine line("zygote");
  line.option("control-fd", std::int64_t{3});
  line.option("worker-id", options.worker_id);
  line.option("scheduler-address", options.scheduler_address.to_string());
  if (options.object_storage_address)
    line.option("object-storage-address", options.object_storage_address->to_string());
  line.option_if("preload", options.tuning.preload);
  line.option_if("python-env", options.tuning.python_env);
  line.option_if("python", options.tuning.python);
  line.option("gc-seconds", options.tuning.garbage_collect_interval_seconds);
  line.option("trim-bytes", options.tuning.trim_memory_threshold_bytes);
  if (options.tuning.task_memory_limit_bytes > 0)
    line.option("memory-limit", options.tuning.task_memory_limit_bytes);
  if (options.tuning.task_cpu_limit_seconds > 0)
    line.option("cpu-limit", options.tuning.task_cpu_limit_seconds);
  line.option("log-level", std::string(config::level_name(options.logging.level)));
  for (const std::string& path : options.logging.paths) line.option("log-path", path);
  return line.take();
}

}  // namespace scaler::roles
