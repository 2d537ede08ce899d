#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/conversions.hpp"
#include "config/option_groups.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/config/commands.hpp"

// The commands of older releases that have no successor of the same shape: the web page under its
// first name, and the worker adapters, which a scheduler of that time drove over HTTP.
namespace scaler::config {
namespace {

constexpr std::int64_t port_max = 65535;

Option web_host_option(std::string_view name, std::string_view fallback) {
  return {.name = name,
          .aliases = {"host"},
          .need = Need::not_empty,
          .fallback = fallback,
          .group = core_group,
          .help = "host name or address to serve HTTP on"};
}

// An empty fallback makes it required; one of 0 allows 0, which means any free port.
Option web_port_option(std::string_view name, std::string_view fallback) {
  return {.name = name,
          .shorts = {"p"},
          .aliases = {"port"},
          .type = Type::integer,
          .need = fallback.empty() ? Need::required : Need::optional,
          .fallback = fallback,
          .least = fallback == "0" ? 0 : 1,
          .most = port_max,
          .group = core_group,
          .help = "port to serve HTTP on"};
}

std::vector<Option> adapter_options(Option web_port) {
  return {
      {.name = "scheduler-address",
       .type = Type::address,
       .need = Need::required,
       .help = "the scheduler that its workers work for",
       .positional = true},
      storage_option("the object storage server's address as workers see it"),
      web_host_option("adapter-web-host", "localhost"),
      std::move(web_port),
  };
}

Option most_option(std::string_view name, std::vector<std::string_view> shorts,
                   std::string_view unit, std::string_view help) {
  return {.name = name,
          .shorts = std::move(shorts),
          .type = Type::integer,
          .fallback_why = "number of CPUs - 1, at least 1",
          .least = -1,
          .most = count_max,
          .unit = unit,
          .group = kind_group,
          .help = help};
}

// Their spellings of what a worker is told.
std::vector<Option> older_worker_options() {
  std::vector<Option> options = worker_options();
  for (Option& option : options) {
    if (option.name == "heartbeat-interval-seconds") option.aliases.push_back("heartbeat-interval");
    if (option.name != "per-worker-capabilities") continue;
    option.shorts.push_back("wc");
    option.aliases.push_back("worker-capabilities");
  }
  return options;
}

Table adapter(std::string_view command, std::string_view summary, std::string_view section,
              Option web_port, std::vector<Option> own, std::string_view example) {
  return {.command = command,
          .summary = summary,
          .sections = {section},
          .options = joined({adapter_options(std::move(web_port)),
                             std::move(own),
                             older_worker_options(),
                             logging_options(),
                             {config_option()}}),
          .examples = {example},
          .checks = worker_checks()};
}

std::vector<Option> symphony_adapter_options() {
  Option concurrency = most_option("base-concurrency", {"n"}, "tasks", "tasks that run at once");
  concurrency.least = 1;
  std::vector<Option> options = options_of_kind("symphony");
  options.push_back(std::move(concurrency));
  return options;
}

std::vector<Option> ecs_adapter_options() {
  std::vector<Option> options = options_of_kind("aws_raw_ecs");
  options.push_back(
      most_option("max-instances", {"mi"}, "instances", "most ECS tasks that run at once"));
  return options;
}

const std::array<Table, 3>& tables_of_adapters() {
  static const std::array<Table, 3> all = {
      adapter("scaler_worker_adapter_native",
              "Starts and stops workers of this machine when a scheduler asks over HTTP (older "
              "command; see scaler_worker_manager baremetal_native).",
              "native_worker_adapter", web_port_option("adapter-web-port", "8080"),
              {most_option("max-workers", {"mw"}, "workers", "most workers that run at once")},
              "scaler_worker_adapter_native tcp://127.0.0.1:6378 --host 127.0.0.1 --port 8080"),
      adapter("scaler_worker_adapter_symphony",
              "The same for IBM Spectrum Symphony (older command; see scaler_worker_manager "
              "symphony).",
              "symphony_worker_adapter", web_port_option("adapter-web-port", "0"),
              symphony_adapter_options(),
              "scaler_worker_adapter_symphony tcp://127.0.0.1:6378 --service-name ScalerService"),
      adapter("scaler_worker_adapter_ecs",
              "The same for AWS ECS tasks on Fargate (older command; see scaler_worker_manager "
              "aws_raw_ecs).",
              "ecs_worker_adapter", web_port_option("adapter-web-port", ""), ecs_adapter_options(),
              "scaler_worker_adapter_ecs tcp://127.0.0.1:6378 --port 8080 --ecs-subnets subnet-1"),
  };
  return all;
}

constexpr std::string_view adapter_prefix = "scaler_worker_adapter_";

}  // namespace

std::span<const Table> adapter_tables() { return tables_of_adapters(); }

const Table& ui_table() {
  static const Table table{
      .command = "scaler_ui",
      .summary = "Shows a scheduler's state in a web page (older command; see scaler_gui).",
      .sections = {"webui"},
      .options = joined({{{.name = "monitor-address",
                           .type = Type::address,
                           .need = Need::required,
                           .help = "the scheduler's monitor address",
                           .positional = true},
                          web_host_option("web-host", "0.0.0.0"),
                          web_port_option("web-port", "50001")},
                         logging_options(),
                         {config_option()}}),
      .examples = {"scaler_ui tcp://127.0.0.1:6380 --port 8081"}};
  return table;
}

GuiOptions ui_of(const Settings& settings) {
  return {
      .monitor_address = settings.address("monitor-address"),
      .gui_address = fmt::format("{}:{}", settings.text("web-host"), settings.integer("web-port")),
      .allowed_origins = {},
      .logging = logging_of(settings)};
}

AdapterOptions adapter_of(const Table& table, const Settings& settings, const Machine& machine) {
  AdapterOptions options;
  options.kind = table.command.substr(adapter_prefix.size());
  options.scheduler_address = settings.address("scheduler-address");
  options.object_storage_address = settings.find_address("object-storage-address");
  options.web_host = settings.text("adapter-web-host");
  options.web_port = static_cast<std::uint16_t>(settings.integer("adapter-web-port"));
  for (const char* most : {"max-workers", "base-concurrency", "max-instances"})
    if (settings.has(most)) options.max_workers = settings.integer(most);
  if (!options.max_workers) options.max_workers = std::max(1, machine.cpu_count - 1);
  options.tuning = tuning_of(settings);
  options.logging = logging_of(settings);
  return options;
}

Result<Command<GuiOptions>> parse_ui(std::span<const std::string> words, const Machine& machine) {
  SCALER_TRY(resolved, resolve(ui_table(), words, machine));
  if (resolved.help) return Command<GuiOptions>{};
  return Command<GuiOptions>{ui_of(resolved.settings), std::move(resolved.notes)};
}

Result<Command<AdapterOptions>> parse_adapter(std::string_view kind,
                                              std::span<const std::string> words,
                                              const Machine& machine) {
  for (const Table& table : adapter_tables()) {
    if (table.command.substr(adapter_prefix.size()) != kind) continue;
    SCALER_TRY(resolved, resolve(table, words, machine));
    if (resolved.help) return Command<AdapterOptions>{};
    return Command<AdapterOptions>{adapter_of(table, resolved.settings, machine),
                                   std::move(resolved.notes)};
  }
  SCALER_ASSERT(false, std::string(kind));
}

}  // namespace scaler::config
