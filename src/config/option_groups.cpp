#include "config/option_groups.hpp"

#include <fmt/format.h>

#include <iterator>

#include "config/text.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::config {
namespace {

constexpr std::string_view no_effect = "accepted for compatibility; has no effect here";

log::Level level_named(std::string_view name) {
  if (name == "CRITICAL") return log::Level::critical;
  if (name == "ERROR") return log::Level::error;
  if (name == "WARNING") return log::Level::warning;
  if (name == "DEBUG" || name == "NOTSET") return log::Level::debug;
  SCALER_ASSERT(name == "INFO", name);
  return log::Level::info;
}

Status check_tls_pair(const Settings& settings, const Machine& /*machine*/) {
  if (settings.has("tls-cert") == settings.has("tls-key")) return ok();
  return settings.error_at(settings.has("tls-cert") ? "tls-cert" : "tls-key",
                           "--tls-cert and --tls-key go together; give both or none");
}

Status check_tls_of(const Settings& settings, std::string_view listen_option) {
  if (settings.has("tls-cert") || settings.has("tls-key")) return ok();
  const auto address = settings.find_address(listen_option);
  if (address && address->is_encrypted())
    return settings.error_at(listen_option,
                             fmt::format("{} needs a certificate and its key, --tls-cert and "
                                         "--tls-key",
                                         address->to_string()));
  return ok();
}

// The shape alone; whether the module is there is the workers' to find out.
Status check_preload(const Settings& settings, const Machine& /*machine*/) {
  const std::string spec = settings.text("preload");
  const std::size_t colon = spec.find(':');
  const std::string_view module = std::string_view(spec).substr(0, colon);
  const std::string_view call =
      colon == std::string::npos ? std::string_view() : std::string_view(spec).substr(colon + 1);
  const std::size_t open = call.find('(');
  const std::string_view name = trimmed(call.substr(0, open));
  const bool closes = open == std::string_view::npos || trimmed(call).ends_with(')');
  const bool named = !module.empty() && !name.empty() &&
                     name.find_first_of(" .:'\"") == std::string_view::npos &&
                     module.find_first_of(" ('\"") == std::string_view::npos;
  if (spec.empty() || (named && closes)) return ok();
  return settings.error_at("preload",
                           fmt::format("'{}' is not allowed (a module and its function, such as "
                                       "pkg.mod:init or pkg.mod:init('x', debug=True))",
                                       printable(spec)));
}

}  // namespace

std::vector<Option> logging_options() {
  return {
      {.name = "logging-level",
       .shorts = {"ll"},
       .type = Type::choice,
       .fallback = "INFO",
       .choices = {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"},
       .group = logging_group,
       .help = "least severe level that is logged"},
      {.name = "logging-paths",
       .shorts = {"lp"},
       .type = Type::words,
       .fallback = "/dev/stdout",
       .group = logging_group,
       .help = "where log lines go, every line to each; - is standard output, ~ and $NAME are "
               "expanded, none is silence"},
      {.name = "logging-config-file",
       .shorts = {"lcf", "lc"},
       .need = Need::not_empty,
       .group = logging_group,
       .help = "a Python logging .conf file, used instead of level and paths"},
      {.name = "log-format",
       .aliases = {"logging-format"},
       .type = Type::choice,
       .fallback = "text",
       .choices = {"text", "json"},
       .group = logging_group,
       .help = "text: lines such as [INFO]2026-01-31 23:59:59+0100: text; json: one object a line"},
      {.name = "log-time",
       .aliases = {"logging-time"},
       .type = Type::choice,
       .fallback = "local",
       .choices = {"local", "utc"},
       .group = logging_group,
       .help = "time zone of the lines; its offset is always shown"},
  };
}

std::vector<Option> tls_options() {
  return {
      {.name = "tls-cert",
       .shorts = {"tc"},
       .need = Need::not_empty,
       .fallback_why = "none",
       .group = core_group,
       .help = "PEM file of the certificate for tls:// and wss:// addresses, its own first, then "
               "those that signed it"},
      {.name = "tls-key",
       .shorts = {"tk"},
       .need = Need::not_empty,
       .fallback_why = "none",
       .group = core_group,
       .help = "PEM file of that certificate's private key, without a password"},
  };
}

TlsOptions tls_of(const Settings& settings) {
  return {.cert = settings.text("tls-cert"), .key = settings.text("tls-key")};
}

std::vector<Check> tls_checks(std::vector<std::string_view> listen_options) {
  std::vector<Check> checks = {{{"tls-cert", "tls-key"}, check_tls_pair}};
  for (const std::string_view option : listen_options)
    checks.push_back(
        {{"tls-cert", "tls-key", option}, [option](const Settings& settings, const Machine&) {
           return check_tls_of(settings, option);
         }});
  return checks;
}

Option config_option() {
  return {.name = "config",
          .shorts = {"c"},
          .need = Need::not_empty,
          .group = file_group,
          .help = "a TOML file with values for these options"};
}

Option event_loop_option() {
  return {.name = "event-loop",
          .shorts = {"el", "e"},
          .type = Type::choice,
          .fallback = "builtin",
          .choices = {"builtin", "uvloop"},
          .group = core_group,
          .help = no_effect};
}

Option io_threads_option() {
  return {.name = "io-threads",
          .shorts = {"it"},
          .type = Type::integer,
          .fallback = "1",
          .least = 1,
          .most = count_max,
          .unit = "threads",
          .group = core_group,
          .help = no_effect};
}

std::vector<Option> worker_options() {
  Option io_threads = io_threads_option();
  io_threads.shorts = {"it", "wit"};
  io_threads.aliases = {"worker-io-threads"};
  std::vector<Option> options = {
      {.name = "per-worker-capabilities",
       .shorts = {"pwc"},
       .type = Type::capabilities,
       .fallback_why = "none",
       .help = "what each worker offers to tasks that ask for it, such as linux,cpu=4"},
      {.name = "per-worker-task-queue-size",
       .shorts = {"wtqs"},
       .aliases = {"worker-task-queue-size"},
       .type = Type::integer,
       .fallback = "1000",
       .least = 1,
       .most = count_max,
       .unit = "tasks",
       .help = "most tasks that wait in one worker"},
      {.name = "heartbeat-interval-seconds",
       .shorts = {"his", "hi"},
       .type = Type::integer,
       .fallback = "2",
       .least = 1,
       .most = seconds_max,
       .unit = "seconds",
       .help = "time between two signs of life to the scheduler"},
      {.name = "task-timeout-seconds",
       .shorts = {"tts", "tt"},
       .type = Type::integer,
       .fallback = "0",
       .least = 0,
       .most = seconds_max,
       .unit = "seconds",
       .help = "a task that runs longer fails; 0: never"},
      {.name = "python",
       .fallback_why = "the embedded one",
       .help =
           "another interpreter that runs the tasks: CPython 3.8 or later, such as env/bin/python"},
      {.name = "task-memory-limit",
       .type = Type::integer,
       .fallback = "0",
       .least = 0,
       .unit = "bytes",
       .help = "a task fails with MemoryError when its processor wants more memory; 0: no limit"},
      {.name = "task-cpu-limit",
       .type = Type::integer,
       .fallback = "0",
       .least = 0,
       .most = seconds_max,
       .unit = "seconds",
       .help = "a task fails with TimeoutError when it used more processor time; 0: no limit"},
      {.name = "death-timeout-seconds",
       .shorts = {"dts", "ds", "dt"},
       .type = Type::integer,
       .fallback = "300",
       .least = 1,
       .most = seconds_max,
       .unit = "seconds",
       .help = "a worker without its scheduler for so long ends"},
      {.name = "garbage-collect-interval-seconds",
       .shorts = {"gc"},
       .type = Type::integer,
       .fallback = "30",
       .least = 1,
       .most = seconds_max,
       .unit = "seconds",
       .help = "time between two garbage collections in a processor"},
      {.name = "trim-memory-threshold-bytes",
       .shorts = {"tm"},
       .type = Type::integer,
       .fallback = "1073741824",
       .least = 0,
       .unit = "bytes",
       .help = "a processor above this resident size returns freed memory to the system"},
      {.name = "hard-processor-suspend",
       .shorts = {"hps"},
       .type = Type::flag,
       .fallback = "false",
       .help = "pause a task by stopping its whole process"},
      std::move(io_threads),
      event_loop_option(),
      {.name = "preload",
       .fallback_why = "none",
       .help = "a function to call in each processor first, such as pkg.mod:init or "
               "pkg.mod:init('x', debug=True)"},
      {.name = "python-env",
       .fallback_why = "the active virtual environment",
       .help = "folder of the virtual environment whose packages tasks import"},
  };
  for (Option& option : options) option.group = worker_group;
  return options;
}

Option storage_option(std::string_view help) {
  return {.name = "object-storage-address",
          .shorts = {"osa"},
          .type = Type::address,
          .fallback_why = "what the scheduler says",
          .group = core_group,
          .help = help};
}

std::vector<Option> manager_options() {
  return {
      {.name = "scheduler-address",
       .type = Type::address,
       .need = Need::required,
       .help = "the scheduler to work for",
       .positional = true},
      {.name = "worker-manager-id",
       .shorts = {"wmi"},
       .need = Need::required,
       .group = core_group,
       .help = "name of this worker manager, unique in its scheduler"},
      {.name = "worker-scheduler-address",
       .shorts = {"wsa"},
       .type = Type::address,
       .fallback_why = "the scheduler address",
       .group = core_group,
       .help = "the scheduler's address as workers see it"},
      storage_option("the object storage server's address as workers see it"),
      {.name = "max-task-concurrency",
       .shorts = {"mtc"},
       .type = Type::integer,
       .fallback_why = "number of CPUs - 1, at least 1",
       .least = -1,
       .most = count_max,
       .unit = "workers or jobs",
       .group = core_group,
       .help = "most that run at once"},
  };
}

LoggingOptions logging_of(const Settings& settings) {
  return {.paths = settings.words("logging-paths"),
          .config_file = settings.text("logging-config-file"),
          .level = level_named(settings.text("logging-level")),
          .format = settings.text("log-format") == "json" ? LogFormat::json : LogFormat::text,
          .time = settings.text("log-time") == "utc" ? LogTime::utc : LogTime::local};
}

WorkerTuning tuning_of(const Settings& settings) {
  return {.per_worker_capabilities = settings.text("per-worker-capabilities"),
          .per_worker_task_queue_size = settings.integer("per-worker-task-queue-size"),
          .heartbeat_interval_seconds = settings.integer("heartbeat-interval-seconds"),
          .task_timeout_seconds = settings.integer("task-timeout-seconds"),
          .death_timeout_seconds = settings.integer("death-timeout-seconds"),
          .garbage_collect_interval_seconds = settings.integer("garbage-collect-interval-seconds"),
          .trim_memory_threshold_bytes = settings.integer("trim-memory-threshold-bytes"),
          .hard_processor_suspend = settings.flag("hard-processor-suspend"),
          .io_threads = settings.integer("io-threads"),
          .event_loop = settings.text("event-loop"),
          .preload = settings.text("preload"),
          .python_env = settings.text("python-env"),
          .python = settings.text("python"),
          .task_memory_limit_bytes = settings.integer("task-memory-limit"),
          .task_cpu_limit_seconds = settings.integer("task-cpu-limit")};
}

std::vector<Check> worker_checks() { return {{{"preload"}, check_preload}}; }

std::vector<Check> joined(std::vector<Check> first, std::vector<Check> second) {
  std::move(second.begin(), second.end(), std::back_inserter(first));
  return first;
}

std::vector<Option> joined(std::vector<std::vector<Option>> groups) {
  std::vector<Option> all;
  for (std::vector<Option>& group : groups)
    std::move(group.begin(), group.end(), std::back_inserter(all));
  return all;
}

}  // namespace scaler::config
