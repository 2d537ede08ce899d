#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/conversions.hpp"
#include "config/option_groups.hpp"
#include "config/rewrite.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "config/text.hpp"
#include "scaler/config/commands.hpp"
#include "scaler/config/words.hpp"

namespace scaler::config {
namespace {

// A scheduler forgets a worker manager that is silent for longer.
constexpr std::int64_t manager_timeout_seconds = 10;

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const Table& table : manager_tables()) names.emplace_back(table.kind);
  return names;
}

std::int64_t default_concurrency(const Machine& machine) {
  return std::max(1, machine.cpu_count - 1);
}

std::int64_t concurrency_of(const Settings& settings, const Machine& machine) {
  return settings.has("max-task-concurrency") ? settings.integer("max-task-concurrency")
                                              : default_concurrency(machine);
}

void warn_of_slow_heartbeat(const Settings& settings, std::vector<Note>& notes) {
  if (settings.integer("heartbeat-interval-seconds") <= manager_timeout_seconds) return;
  notes.push_back({log::Level::warning,
                   settings
                       .error_at("heartbeat-interval-seconds",
                                 fmt::format("a scheduler forgets a worker manager after {} s "
                                             "without a heartbeat",
                                             manager_timeout_seconds))
                       .text});
}

WorkerManagerOptions shared_options(const Settings& settings, const Machine& machine) {
  WorkerManagerOptions options;
  options.scheduler_address = settings.address("scheduler-address");
  options.object_storage_address = settings.find_address("object-storage-address");
  options.max_task_concurrency = concurrency_of(settings, machine);
  options.tuning = tuning_of(settings);
  options.logging = logging_of(settings);
  return options;
}

EcsOptions ecs_of(const Settings& settings) {
  return {
      .access_key_id = settings.text("aws-access-key-id"),
      .secret_access_key = settings.text("aws-secret-access-key"),
      .region = settings.text("aws-region"),
      .subnets = settings.words("ecs-subnets"),
      .security_groups = settings.words("ecs-security-groups"),
      .cluster = settings.text("ecs-cluster"),
      .task_image = settings.text("ecs-task-image"),
      .python_requirements = settings.text("ecs-python-requirements"),
      .python_version = settings.text("ecs-python-version"),
      .task_definition = settings.text("ecs-task-definition"),
      .task_cpu = settings.integer("ecs-task-cpu"),
      .task_memory_gb = settings.integer("ecs-task-memory"),
      .is_image_given = settings.is_given("ecs-task-image"),
      .is_size_given = settings.is_given("ecs-task-cpu") || settings.is_given("ecs-task-memory")};
}

Status check_names(const Settings& settings, const Machine& machine) {
  const auto count = static_cast<std::int64_t>(settings.words("worker-names").size());
  const std::int64_t workers = concurrency_of(settings, machine);
  if (count == 0 || count == workers) return ok();
  return settings.error_at(
      "worker-names", fmt::format("{} names for {} workers (--num-of-workers)", count, workers));
}

std::vector<Option> cluster_options() {
  return {
      {.name = "scheduler-address",
       .type = Type::address,
       .need = Need::required,
       .help = "the scheduler to work for",
       .positional = true},
      {.name = "max-task-concurrency",
       .shorts = {"n", "mtc"},
       .aliases = {"num-of-workers"},
       .type = Type::integer,
       .fallback_why = "number of CPUs - 1, at least 1",
       .least = 0,
       .most = count_max,
       .unit = "workers",
       .group = core_group,
       .help = "how many workers to run"},
      {.name = "worker-names",
       .shorts = {"wn"},
       .type = Type::comma_list,
       .fallback_why = "the host's name",
       .group = core_group,
       .help = "a name for each worker, comma-separated"},
      {.name = "worker-manager-id",
       .shorts = {"wmi"},
       .need = Need::not_empty,
       .fallback_why = "cluster-HOST-PID",
       .group = core_group,
       .help = "name of this group of workers, unique in its scheduler"},
      storage_option("the object storage server's address"),
  };
}

}  // namespace

const Table& cluster_table() {
  static const Table table{
      .command = "scaler_cluster",
      .summary =
          "Runs a fixed number of workers on this machine (older command; see "
          "scaler_worker_manager baremetal_native --mode fixed).",
      .sections = {"cluster"},
      .options =
          joined({cluster_options(), worker_options(), logging_options(), {config_option()}}),
      .examples = {"scaler_cluster -n 4 tcp://127.0.0.1:6378"},
      .checks = joined({{{"worker-names", "max-task-concurrency"}, check_names}}, worker_checks())};
  return table;
}

Error unknown_kind(const std::string& kind) {
  const std::string all = fmt::format("{}", fmt::join(kinds(), ", "));
  if (kind.empty()) return {Errc::usage, fmt::format("the kind is missing (one of {})", all)};
  const std::string close = nearest(kind, kinds());
  return {Errc::usage,
          fmt::format("unknown kind '{}' ({}one of {})", printable(kind),
                      close.empty() ? "" : fmt::format("did you mean {}? ", close), all)};
}

WorkerManagerOptions manager_of(const Table& table, const Settings& settings,
                                const Machine& machine, std::vector<Note>& notes) {
  WorkerManagerOptions options = shared_options(settings, machine);
  options.kind = table.kind;
  options.worker_manager_id = settings.text("worker-manager-id");
  options.worker_scheduler_address = settings.find_address("worker-scheduler-address");
  if (table.kind == "baremetal_native") {
    if (settings.text("mode") == "fixed") options.mode = ManagerMode::fixed;
    options.worker_type = settings.text("worker-type");
    options.tls = tls_of(settings);
  }
  if (table.kind == "aws_raw_ecs") options.ecs = ecs_of(settings);
  warn_of_slow_heartbeat(settings, notes);
  return options;
}

bool can_start(std::string_view manager_kind) {
  return manager_kind == "baremetal_native" || manager_kind == "aws_raw_ecs";
}

WorkerManagerOptions cluster_of(const Settings& settings, const Machine& machine,
                                std::vector<Note>& notes) {
  WorkerManagerOptions options = shared_options(settings, machine);
  options.mode = ManagerMode::fixed;
  options.worker_type = machine.host_name;
  options.worker_names = settings.words("worker-names");
  options.worker_manager_id =
      settings.has("worker-manager-id")
          ? settings.text("worker-manager-id")
          : fmt::format("cluster-{}-{}", machine.host_name, machine.process_id);
  warn_of_slow_heartbeat(settings, notes);
  return options;
}

std::string kind_among(std::span<const std::string> words) {
  std::vector<std::string> copy(words.begin(), words.end());
  const std::string kind = take_kind(manager_tables(), copy);
  return manager_table(kind) == nullptr ? std::string() : kind;
}

Result<Command<WorkerManagerOptions>> parse_worker_manager(std::span<const std::string> words,
                                                           const Machine& machine) {
  std::vector<std::string> rest(words.begin(), words.end());
  const std::string kind = take_kind(manager_tables(), rest);
  const Table* table = manager_table(kind);
  if (table == nullptr) {
    const bool help = std::find(rest.begin(), rest.end(), "-h") != rest.end() ||
                      std::find(rest.begin(), rest.end(), "--help") != rest.end();
    if (help && kind.empty()) return Command<WorkerManagerOptions>{};
    return unknown_kind(kind);
  }
  SCALER_TRY(resolved, resolve(*table, rest, machine));
  if (resolved.help) return Command<WorkerManagerOptions>{};
  auto options = manager_of(*table, resolved.settings, machine, resolved.notes);
  return Command<WorkerManagerOptions>{std::move(options), std::move(resolved.notes)};
}

Result<Command<WorkerManagerOptions>> parse_cluster(std::span<const std::string> words,
                                                    const Machine& machine) {
  SCALER_TRY(resolved, resolve(cluster_table(), words, machine));
  if (resolved.help) return Command<WorkerManagerOptions>{};
  auto options = cluster_of(resolved.settings, machine, resolved.notes);
  return Command<WorkerManagerOptions>{std::move(options), std::move(resolved.notes)};
}

}  // namespace scaler::config
