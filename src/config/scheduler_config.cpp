#include <fmt/format.h>

#include "config/conversions.hpp"
#include "config/option_groups.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "scaler/config/commands.hpp"

namespace scaler::config {
namespace {

Option seconds(std::string_view name, std::string_view word, std::string_view fallback,
               std::string_view help) {
  return {.name = name,
          .shorts = {word},
          .type = Type::integer,
          .fallback = fallback,
          .least = 1,
          .most = seconds_max,
          .unit = "seconds",
          .group = core_group,
          .help = help};
}

std::vector<Option> address_options() {
  return {
      {.name = "bind-address",
       .aliases = {"scheduler-address"},
       .type = Type::address,
       .need = Need::required,
       .use = AddressUse::listen,
       .help = "where to listen, such as tcp://127.0.0.1:6378",
       .positional = true},
      {.name = "object-storage-address",
       .shorts = {"osa"},
       .type = Type::address,
       .fallback_why = "served by the scheduler, bind port + 1",
       .tcp_only = true,
       .group = core_group,
       .help = "the object storage server to use"},
      {.name = "advertised-object-storage-address",
       .shorts = {"aosa"},
       .type = Type::address,
       .fallback_why = "the object storage address",
       .tcp_only = true,
       .group = core_group,
       .help = "the object storage address that clients and workers are told"},
      {.name = "monitor-address",
       .shorts = {"ma"},
       .type = Type::address,
       .fallback_why = "bind host, bind port + 2",
       .use = AddressUse::listen,
       .group = core_group,
       .help = "where to publish what top and gui show"},
  };
}

std::vector<Option> core_options() {
  std::vector<Option> options = {
      {.name = "protected",
       .shorts = {"p"},
       .type = Type::flag,
       .fallback = "false",
       .group = core_group,
       .help = "refuse a client's request to shut down"},
      {.name = "max-number-of-tasks-waiting",
       .shorts = {"mt"},
       .type = Type::integer,
       .fallback = "-1",
       .least = -1,
       .unit = "tasks",
       .group = core_group,
       .help = "most tasks that wait for a worker; more are refused"},
      seconds("client-timeout-seconds", "ct", "60", "a client silent for so long is gone"),
      seconds("worker-timeout-seconds", "wt", "60", "a worker silent for so long is lost"),
      seconds("object-retention-seconds", "ot", "60", "how long objects outlive their owner"),
      seconds("load-balance-seconds", "ls", "1", "time between two looks at the balance of load"),
      {.name = "load-balance-trigger-times",
       .shorts = {"lbt"},
       .type = Type::integer,
       .fallback = "2",
       .least = 1,
       .most = count_max,
       .unit = "times",
       .group = core_group,
       .help = "how often the same advice must come before tasks move"},
      event_loop_option(),
      io_threads_option(),
  };
  for (Option& option : options) {
    if (option.name != "load-balance-seconds") continue;
    option.least = std::nullopt;
    option.never_zero = true;
  }
  return options;
}

std::vector<Option> policy_options() {
  return {
      {.name = "policy-engine-type",
       .shorts = {"et"},
       .type = Type::choice,
       .fallback = "simple",
       .choices = {"simple", "waterfall_v1"},
       .group = policy_group,
       .help = "how the policy content is written"},
      {.name = "policy-content",
       .shorts = {"pc"},
       .fallback = "allocate=even_load; scaling=vanilla",
       .group = policy_group,
       .help = "simple: allocate=even_load|capability; scaling=no|vanilla|capability. "
               "waterfall_v1: lines of priority,worker_manager_id,max_task_concurrency"},
      {.name = "allocate-policy",
       .shorts = {"ap"},
       .type = Type::choice,
       .fallback_why = "none",
       .choices = {"even", "capability"},
       .group = older_group,
       .help = "the allocate part of --policy-content"},
      {.name = "scaling-controller-strategy",
       .shorts = {"scs"},
       .type = Type::choice,
       .fallback_why = "none",
       .choices = {"NULL", "VANILLA", "FIXED_ELASTIC"},
       .group = older_group,
       .help = "the scaling part of --policy-content; FIXED_ELASTIC is refused"},
      {.name = "adapter-webhook-urls",
       .shorts = {"awu"},
       .aliases = {"adapter-webhook-url"},
       .type = Type::words,
       .fallback_why = "none",
       .group = older_group,
       .help = "HTTP worker adapters of release 1.12, to start and stop workers by"},
  };
}

Status check_urls(const Settings& settings, const Machine& /*machine*/) {
  for (const std::string& url : settings.words("adapter-webhook-urls")) {
    const std::size_t mark = url.find("://");
    if (mark == std::string::npos || mark == 0 || mark + 3 >= url.size())
      return settings.error_at("adapter-webhook-urls",
                               "a URL has a scheme and a host, such as http://127.0.0.1:8080");
  }
  return ok();
}

bool says_older_policy(const Settings& settings) {
  return settings.is_given("allocate-policy") || settings.is_given("scaling-controller-strategy");
}

// The policy content that the two older options stand for.
Result<std::string> content_of_older(const Settings& settings) {
  const char* older =
      settings.is_given("allocate-policy") ? "allocate-policy" : "scaling-controller-strategy";
  if (settings.is_given("policy-content") || settings.is_given("policy-engine-type"))
    return settings.error_at(older, "the policy options say the same; give only one of the two");
  if (settings.text("scaling-controller-strategy") == "FIXED_ELASTIC")
    return settings.error_at("scaling-controller-strategy",
                             "FIXED_ELASTIC drives HTTP worker adapters, which are not supported; "
                             "use --policy-engine-type waterfall_v1");
  return fmt::format("allocate={}; scaling={}",
                     settings.text("allocate-policy") == "capability" ? "capability" : "even_load",
                     settings.text("scaling-controller-strategy") == "NULL" ? "no" : "vanilla");
}

struct Policy {
  std::string content;
  PolicyOptions options;
};

Result<Policy> policy_of(const Settings& settings) {
  Policy policy{settings.text("policy-content"), {}};
  if (says_older_policy(settings)) {
    SCALER_TRY(content, content_of_older(settings));
    policy.content = std::move(content);
  }
  auto parsed = parse_policy(settings.text("policy-engine-type"), policy.content);
  if (!parsed) return settings.error_at("policy-content", parsed.error().text);
  policy.options = std::move(*parsed);
  return policy;
}

std::vector<Check> checks() {
  std::vector<Check> all = {
      {{"policy-engine-type", "policy-content", "allocate-policy", "scaling-controller-strategy"},
       [](const Settings& settings, const Machine&) -> Status {
         SCALER_TRY(policy, policy_of(settings));
         return ok();
       }},
      {{"adapter-webhook-urls"}, check_urls},
  };
  for (Check& check : tls_checks({"bind-address", "monitor-address"}))
    all.push_back(std::move(check));
  return all;
}

}  // namespace

const Table& scheduler_table() {
  static const Table table{
      .command = "scaler_scheduler",
      .summary = "Receives tasks from clients and gives them to workers.",
      .sections = {"scheduler"},
      .options = joined({address_options(),
                         core_options(),
                         tls_options(),
                         policy_options(),
                         logging_options(),
                         {config_option()}}),
      .examples = {"scaler_scheduler tcp://127.0.0.1:6378",
                   "scaler_scheduler tcp://127.0.0.1:6378 -osa tcp://127.0.0.1:6379",
                   "scaler_scheduler --config stack.toml"},
      .checks = checks()};
  return table;
}

Result<SchedulerOptions> scheduler_of(const Settings& settings) {
  SCALER_TRY(policy, policy_of(settings));
  return SchedulerOptions{
      .bind_address = settings.address("bind-address"),
      .object_storage_address = settings.find_address("object-storage-address"),
      .advertised_object_storage_address =
          settings.find_address("advertised-object-storage-address"),
      .monitor_address = settings.find_address("monitor-address"),
      .is_protected = settings.flag("protected"),
      .max_number_of_tasks_waiting = settings.integer("max-number-of-tasks-waiting"),
      .client_timeout_seconds = settings.integer("client-timeout-seconds"),
      .worker_timeout_seconds = settings.integer("worker-timeout-seconds"),
      .object_retention_seconds = settings.integer("object-retention-seconds"),
      .load_balance_seconds = settings.integer("load-balance-seconds"),
      .load_balance_trigger_times = settings.integer("load-balance-trigger-times"),
      .event_loop = settings.text("event-loop"),
      .io_threads = settings.integer("io-threads"),
      .policy_engine_type = settings.text("policy-engine-type"),
      .policy_content = std::move(policy.content),
      .policy = std::move(policy.options),
      .adapter_webhook_urls = settings.words("adapter-webhook-urls"),
      .tls = tls_of(settings),
      .logging = logging_of(settings)};
}

Result<Command<SchedulerOptions>> parse_scheduler(std::span<const std::string> words,
                                                  const Machine& machine) {
  SCALER_TRY(resolved, resolve(scheduler_table(), words, machine));
  if (resolved.help) return Command<SchedulerOptions>{};
  SCALER_TRY(options, scheduler_of(resolved.settings));
  return Command<SchedulerOptions>{std::move(options), std::move(resolved.notes)};
}

}  // namespace scaler::config
