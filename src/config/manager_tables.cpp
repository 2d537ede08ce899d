#include <algorithm>
#include <array>

#include "config/option_groups.hpp"
#include "config/tables.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::config {
namespace {

Option text_option(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name,
          .need = fallback.empty() ? Need::optional : Need::not_empty,
          .fallback = fallback,
          .fallback_why = fallback.empty() ? "none" : "",
          .group = kind_group,
          .help = help};
}

Option required_option(std::string_view name, std::vector<std::string_view> shorts,
                       std::string_view help) {
  return {.name = name,
          .shorts = std::move(shorts),
          .need = Need::required,
          .group = kind_group,
          .help = help};
}

Option count_option(std::string_view name, std::string_view fallback, std::string_view unit,
                    std::string_view help) {
  return {.name = name,
          .type = Type::integer,
          .fallback = fallback,
          .least = 1,
          .most = count_max,
          .unit = unit,
          .group = kind_group,
          .help = help};
}

Option region_option() { return text_option("aws-region", "us-east-1", "AWS region"); }

std::vector<Option> native_options() {
  std::vector<Option> mode = {
      {.name = "mode",
       .type = Type::choice,
       .fallback = "dynamic",
       .choices = {"dynamic", "fixed"},
       .group = kind_group,
       .help = "dynamic: as many workers as the scheduler asks for; fixed: as many as allowed, "
               "from the start"},
      {.name = "worker-type",
       .fallback_why = "FIX or NAT by mode",
       .group = kind_group,
       .help = "middle part of the workers' ids"},
  };
  return joined({std::move(mode), tls_options()});
}

std::vector<Option> symphony_options() {
  return {required_option("service-name", {"sn"}, "Symphony service that runs the workers")};
}

std::vector<Option> ecs_options() {
  Option key = text_option("aws-access-key-id", "", "AWS access key id");
  key.environment = "AWS_ACCESS_KEY_ID";
  Option secret = text_option("aws-secret-access-key", "", "AWS secret access key");
  secret.environment = "AWS_SECRET_ACCESS_KEY";
  Option subnets = required_option("ecs-subnets", {}, "subnet ids for the tasks, comma-separated");
  subnets.type = Type::comma_list;
  Option groups =
      text_option("ecs-security-groups", "", "security group ids for the tasks, comma-separated");
  groups.type = Type::comma_list;
  groups.fallback_why = "the network's default";
  return {
      std::move(key),
      std::move(secret),
      region_option(),
      std::move(subnets),
      std::move(groups),
      text_option("ecs-cluster", "scaler-cluster", "ECS cluster"),
      text_option("ecs-task-image", "public.ecr.aws/v4u8j8r6/scaler:latest",
                  "container image of a worker"),
      text_option("ecs-python-requirements", "tomli;pargraph;parfun;pandas",
                  "Python packages to install in the container"),
      text_option("ecs-python-version", "3.12.11", "Python version in the container"),
      text_option("ecs-task-definition", "scaler-task-definition", "ECS task definition"),
      count_option("ecs-task-cpu", "4", "vCPUs", "processors of one task"),
      count_option("ecs-task-memory", "30", "GB", "memory of one task"),
  };
}

std::vector<Option> batch_options() {
  Option jobs = count_option("max-concurrent-jobs", "100", "jobs", "most jobs that run at once");
  jobs.shorts = {"mcj"};
  Option name = text_option("name", "", "name of the worker");
  name.shorts = {"n"};
  return {
      required_option("job-queue", {"q"}, "AWS Batch queue"),
      required_option("job-definition", {"d"}, "AWS Batch job definition"),
      required_option("s3-bucket", {}, "S3 bucket for the tasks' data"),
      {.name = "backend",
       .shorts = {"b"},
       .type = Type::choice,
       .fallback = "batch",
       .choices = {"batch"},
       .group = kind_group,
       .help = "AWS service that runs the jobs"},
      std::move(name),
      region_option(),
      text_option("s3-prefix", "scaler-tasks", "key prefix inside the bucket"),
      std::move(jobs),
      count_option("job-timeout-minutes", "60", "minutes", "a job that runs longer is stopped"),
  };
}

std::vector<Option> orb_options() {
  Option groups = text_option("security-group-ids", "", "security group ids, comma-separated");
  groups.type = Type::comma_list;
  groups.fallback_why = "a temporary group";
  Option key = text_option("key-name", "", "AWS key pair");
  key.fallback_why = "a temporary key pair";
  Option subnet = text_option("subnet-id", "", "AWS subnet");
  subnet.fallback_why = "first subnet of the default network";
  return {
      required_option("image-id", {}, "machine image of the workers' instances"),
      text_option("instance-type", "t2.micro", "EC2 instance type"),
      region_option(),
      std::move(key),
      std::move(subnet),
      std::move(groups),
  };
}

Status check_fixed(const Settings& settings, const Machine& /*machine*/) {
  if (settings.text("mode") != "fixed" || !settings.has("max-task-concurrency") ||
      settings.integer("max-task-concurrency") >= 0)
    return ok();
  return settings.error_at("max-task-concurrency",
                           "-1 is not allowed with a fixed number of workers (at least 0)");
}

Table kind_table(std::string_view kind, std::string_view summary, std::vector<Option> own,
                 std::vector<std::string_view> examples) {
  return {.command = "scaler_worker_manager",
          .kind = kind,
          .summary = summary,
          .sections = {"worker_manager"},
          .options = joined({manager_options(),
                             std::move(own),
                             worker_options(),
                             logging_options(),
                             {config_option()}}),
          .examples = std::move(examples),
          .checks = worker_checks()};
}

// -n is the number of workers for native workers only; for aws_hpc it is the worker's name.
Table native_table() {
  Table table =
      kind_table("baremetal_native", "Runs workers as processes of this machine.", native_options(),
                 {"scaler_worker_manager baremetal_native tcp://127.0.0.1:6378 -wmi local",
                  "scaler_worker_manager baremetal_native --config stack.toml"});
  for (Option& option : table.options) {
    if (option.name != "max-task-concurrency") continue;
    option.shorts.push_back("n");
    option.aliases.push_back("num-of-workers");
    option.unit = "workers";
  }
  table.checks = joined(std::move(table.checks), tls_checks());
  table.checks.push_back({{"mode", "max-task-concurrency"}, check_fixed});
  return table;
}

const std::array<Table, 5>& tables_of_managers() {
  static const std::array<Table, 5> all = {
      native_table(),
      kind_table("symphony", "Runs workers in IBM Spectrum Symphony.", symphony_options(), {}),
      kind_table("aws_raw_ecs", "Runs workers as AWS ECS tasks on Fargate.", ecs_options(), {}),
      kind_table("aws_hpc", "Runs tasks as AWS Batch jobs.", batch_options(), {}),
      kind_table("orb_aws_ec2", "Runs workers on AWS EC2 instances, by Open Resource Broker.",
                 orb_options(), {}),
  };
  return all;
}

}  // namespace

std::vector<Option> options_of_kind(std::string_view kind) {
  if (kind == "symphony") return symphony_options();
  if (kind == "aws_raw_ecs") return ecs_options();
  SCALER_ASSERT(false, std::string(kind));
}

std::span<const Table> manager_tables() { return tables_of_managers(); }

const Table* manager_table(std::string_view kind) {
  const auto found = std::find_if(tables_of_managers().begin(), tables_of_managers().end(),
                                  [&](const Table& table) { return table.kind == kind; });
  return found == tables_of_managers().end() ? nullptr : &*found;
}

}  // namespace scaler::config
