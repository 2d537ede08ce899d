#include "config/conversions.hpp"
#include "config/option_groups.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "scaler/config/commands.hpp"

// The commands with few options of their own: store, worker, top and gui.
namespace scaler::config {
namespace {

Option monitor_option() {
  return {.name = "monitor-address",
          .type = Type::address,
          .need = Need::required,
          .help = "the scheduler's monitor address",
          .positional = true};
}

// Resolves and, unless only help is wanted, converts.
template <class Options>
Result<Command<Options>> parse(const Table& table, std::span<const std::string> words,
                               const Machine& machine, Options (*convert)(const Settings&)) {
  SCALER_TRY(resolved, resolve(table, words, machine));
  if (resolved.help) return Command<Options>{};
  return Command<Options>{convert(resolved.settings), std::move(resolved.notes)};
}

WorkerOptions worker_of(const Settings& settings) {
  return {.scheduler_address = settings.address("scheduler-address"),
          .object_storage_address = settings.find_address("object-storage-address"),
          .worker_id = settings.text("worker-id"),
          .worker_manager_id = settings.text("worker-manager-id"),
          .tls = tls_of(settings),
          .tuning = tuning_of(settings),
          .logging = logging_of(settings)};
}

TopOptions top_of(const Settings& settings) {
  return {.monitor_address = settings.address("monitor-address"),
          .timeout_seconds = settings.decimal("timeout"),
          .once = settings.flag("once"),
          .json = settings.flag("json"),
          .tls = tls_of(settings)};
}

}  // namespace

GuiOptions gui_of(const Settings& settings) {
  return {.monitor_address = settings.address("monitor-address"),
          .gui_address = settings.text("gui-address"),
          .allowed_origins = settings.words("allow-origin"),
          .tls = tls_of(settings),
          .logging = logging_of(settings)};
}

const Table& store_table() {
  static const Table table{
      .command = "scaler_object_storage_server",
      .summary = "Keeps the bytes of functions, arguments and results.",
      .sections = {"object_storage_server"},
      .options = joined({{{.name = "bind-address",
                           .aliases = {"object-storage-address"},
                           .type = Type::address,
                           .need = Need::required,
                           .use = AddressUse::listen,
                           .help = "where to listen, such as tcp://127.0.0.1:6379",
                           .positional = true},
                          {.name = "identity",
                           .need = Need::not_empty,
                           .fallback = "ObjectStorageServer",
                           .group = core_group,
                           .help = "name that connecting peers are told"},
                          {.name = "memory-limit-bytes",
                           .type = Type::integer,
                           .fallback = "0",
                           .least = 0,
                           .most = std::int64_t{1} << 50,
                           .unit = "bytes",
                           .group = core_group,
                           .help = "most bytes of objects in memory; 0: no limit"},
                          {.name = "spill-directory",
                           .need = Need::not_empty,
                           .group = core_group,
                           .help = "folder for what passes the memory limit, otherwise refused"}},
                         tls_options(),
                         logging_options(),
                         {config_option()}}),
      .examples = {"scaler_object_storage_server tcp://127.0.0.1:6379"},
      .checks = tls_checks({"bind-address"})};
  return table;
}

const Table& worker_table() {
  static const Table table{
      .command = "scaler_worker",
      .summary = "Runs one worker. A worker manager starts it.",
      .sections = {"worker"},
      .options = joined({{{.name = "scheduler-address",
                           .type = Type::address,
                           .need = Need::required,
                           .help = "the scheduler to work for",
                           .positional = true},
                          {.name = "worker-id",
                           .need = Need::required,
                           .group = core_group,
                           .help = "whole id of this worker, such as Worker|NAT|<32 hex digits>"},
                          {.name = "worker-manager-id",
                           .shorts = {"wmi"},
                           .need = Need::required,
                           .group = core_group,
                           .help = "the worker manager that it belongs to"},
                          storage_option("the object storage server to use")},
                         tls_options(),
                         worker_options(),
                         logging_options(),
                         {config_option()}}),
      .examples = {},
      .checks = joined(tls_checks(), worker_checks())};
  return table;
}

const Table& top_table() {
  static const Table table{
      .command = "scaler_top",
      .summary = "Shows a scheduler's state in the terminal.",
      .sections = {"top"},
      .options = joined({{monitor_option(),
                          {.name = "timeout",
                           .shorts = {"t"},
                           .type = Type::decimal,
                           .fallback = "5",
                           .unit = "seconds",
                           .group = core_group,
                           .help = "a scheduler silent for so long is not "
                                   "there"},
                          {.name = "once",
                           .type = Type::flag,
                           .fallback = "false",
                           .group = core_group,
                           .help = "write one picture as text, and end"},
                          {.name = "json",
                           .type = Type::flag,
                           .fallback = "false",
                           .group = core_group,
                           .help = "write one state as a JSON object, and "
                                   "end"}},
                         tls_options(),
                         {config_option()}}),
      .examples = {"scaler_top tcp://127.0.0.1:6380", "scaler_top --json tcp://127.0.0.1:6380"},
      .checks = tls_checks()};
  return table;
}

const Table& gui_table() {
  static const Table table{
      .command = "scaler_gui",
      .summary = "Shows a scheduler's state in a web page.",
      .sections = {"gui"},
      .options = joined({{monitor_option(),
                          {.name = "gui-address",
                           .type = Type::host_port,
                           .fallback = "0.0.0.0:50001",
                           .group = core_group,
                           .help = "where to serve the page"},
                          {.name = "allow-origin",
                           .type = Type::words,
                           .group = core_group,
                           .help = "other pages that may read the live data, such as "
                                   "https://dash.example"}},
                         tls_options(),
                         logging_options(),
                         {config_option()}}),
      .examples = {"scaler_gui tcp://127.0.0.1:6380 --gui-address 127.0.0.1:50001"},
      .checks = tls_checks()};
  return table;
}

StoreOptions store_of(const Settings& settings, std::vector<Note>& notes) {
  if (settings.has("spill-directory") && settings.integer("memory-limit-bytes") == 0)
    notes.push_back({log::Level::warning,
                     settings
                         .error_at("spill-directory",
                                   "nothing goes there without a memory limit (memory_limit_bytes)")
                         .text});
  return StoreOptions{.bind_address = settings.address("bind-address"),
                      .identity = settings.text("identity"),
                      .memory_limit_bytes = settings.integer("memory-limit-bytes"),
                      .spill_directory = settings.text("spill-directory"),
                      .tls = tls_of(settings),
                      .logging = logging_of(settings)};
}

Result<Command<StoreOptions>> parse_store(std::span<const std::string> words,
                                          const Machine& machine) {
  SCALER_TRY(resolved, resolve(store_table(), words, machine));
  if (resolved.help) return Command<StoreOptions>{};
  auto options = store_of(resolved.settings, resolved.notes);
  return Command<StoreOptions>{std::move(options), std::move(resolved.notes)};
}

Result<Command<WorkerOptions>> parse_worker(std::span<const std::string> words,
                                            const Machine& machine) {
  return parse<WorkerOptions>(worker_table(), words, machine, worker_of);
}

Result<Command<TopOptions>> parse_top(std::span<const std::string> words, const Machine& machine) {
  return parse<TopOptions>(top_table(), words, machine, top_of);
}

Result<Command<GuiOptions>> parse_gui(std::span<const std::string> words, const Machine& machine) {
  return parse<GuiOptions>(gui_table(), words, machine, gui_of);
}

}  // namespace scaler::config
