#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "cloud/json_list.hpp"
#include "scaler/base/log.hpp"
#include "scaler/cloud/ecs_driver.hpp"
#include "scaler/cloud/xml.hpp"

// What has to be there before the first task: the cluster, the task definition and the role that
// Fargate itself needs; each is made if it is not there.
namespace scaler::cloud {

namespace {

constexpr std::string_view role_name = "ecsTaskExecutionRole";
constexpr std::string_view role_policy =
    "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
constexpr std::string_view role_trust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
    R"("Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
constexpr std::uint64_t cpu_units = 1024;  // of one vCPU
constexpr std::uint64_t mb_of_gb = 1024;

// "4096" or 4096
std::uint64_t number_of(const http::Json& object, std::string_view name) {
  std::uint64_t number = 0;
  if (const auto text = object.text(name))
    std::from_chars(text->data(), text->data() + text->size(), number);
  else if (const auto given = object.number(name); given && *given >= 0 && *given < 1e9)
    number = static_cast<std::uint64_t>(*given);
  return number;
}

}  // namespace

void EcsDriver::set_up(Service service, std::string operation, std::string body,
                       std::function<void(const std::string& answer)> then,
                       std::function<bool(const ApiFailure& failure)> refused) {
  call(
      std::move(operation), std::move(body),
      [this, then = std::move(then), refused = std::move(refused)](const ApiOutcome& outcome,
                                                                   TimePoint) {
        if (phase_ != Phase::setting_up) return;
        if (const std::string* answer = outcome.body()) return then(*answer);
        if (!refused || !refused(*outcome.failure())) fail_set_up(outcome.failure()->text);
      },
      0, service);
}

void EcsDriver::fail_set_up(std::string why) { events_.push_back(SetUpFailed{std::move(why)}); }

void EcsDriver::begin(TimePoint now) {
  begun_ = now;
  ensure_cluster();
}

void EcsDriver::ensure_cluster() {
  const std::string name = http::json_text(options_.cluster);
  set_up(Service::ecs, "DescribeClusters", fmt::format(R"({{"clusters":[{}]}})", name),
         [this, name](const std::string& answer) {
           const auto json = http::Json::parse(answer);
           const http::Json* cluster = json ? first_of(*json, "clusters") : nullptr;
           if (cluster != nullptr && cluster->text("status") == "ACTIVE")
             return ensure_definition();
           log::info("ECS cluster {} is created", options_.cluster);
           set_up(Service::ecs, "CreateCluster", fmt::format(R"({{"clusterName":{}}})", name),
                  [this](const std::string&) { ensure_definition(); });
         });
}

void EcsDriver::ensure_definition() {
  set_up(
      Service::ecs, "DescribeTaskDefinition",
      fmt::format(R"({{"taskDefinition":{}}})", http::json_text(options_.definition)),
      [this](const std::string& answer) { use_definition(answer); },
      [this](const ApiFailure& failure) {
        if (failure.code != "ClientException") return false;  // which says that there is none
        find_role();
        return true;
      });
}

void EcsDriver::use_definition(const std::string& answer) {
  const auto json = http::Json::parse(answer);
  const http::Json* found = json ? json->find("taskDefinition") : nullptr;
  const http::Json* container =
      found == nullptr ? nullptr : first_of(*found, "containerDefinitions");
  if (container == nullptr)
    return fail_set_up("ECS DescribeTaskDefinition: an answer without a container");
  const std::string image = container->text("image").value_or("");
  const std::uint64_t cpu = number_of(*found, "cpu");
  const std::uint64_t memory = number_of(*found, "memory");
  const bool has_image = !options_.insists_on_image || image == options_.image;
  const bool has_size = !options_.insists_on_size || (cpu == options_.cpus * cpu_units &&
                                                      memory == options_.memory_gb * mb_of_gb);
  if (has_image && has_size) {
    definition_arn_ = found->text("taskDefinitionArn").value_or(options_.definition);
    container_ = container->text("name").value_or(container_);
    workers_per_unit_ = cpu == 0 ? options_.cpus : std::max<std::uint64_t>(1, cpu / cpu_units);
    log::info("ECS task definition {} is used, image {}, {} vCPU", definition_arn_, image,
              workers_per_unit_);
    return begin_first_look();
  }
  log::info("ECS task definition {} has image {}, cpu {}, memory {}: it gets a new revision",
            options_.definition, image, cpu, memory);
  if (!options_.insists_on_image) options_.image = image;
  if (!options_.insists_on_size && cpu >= cpu_units && memory >= mb_of_gb) {
    options_.cpus = cpu / cpu_units;
    options_.memory_gb = memory / mb_of_gb;
  }
  const std::string role = found->text("executionRoleArn").value_or("");
  if (role.empty()) return find_role();
  register_definition(role, found->text("taskRoleArn").value_or(""));
}

// ---- the role ----

void EcsDriver::find_role() {
  set_up(
      Service::iam, "GetRole", Form(Service::iam, "GetRole").add("RoleName", role_name).take(),
      [this](const std::string& answer) {
        const auto xml = Xml::parse(answer);
        const std::string arn = xml ? xml->at("GetRoleResult/Role/Arn") : "";
        if (arn.empty()) return fail_set_up("IAM GetRole: an answer without the role's name");
        register_definition(arn, "");
      },
      [this](const ApiFailure& failure) {
        if (failure.code != "NoSuchEntity") return false;
        create_role();
        return true;
      });
}

void EcsDriver::create_role() {
  log::info("IAM role {} is created", role_name);
  set_up(
      Service::iam, "CreateRole",
      Form(Service::iam, "CreateRole")
          .add("RoleName", role_name)
          .add("AssumeRolePolicyDocument", role_trust)
          .take(),
      [this](const std::string& answer) {
        const auto xml = Xml::parse(answer);
        attach_policy(xml ? xml->at("CreateRoleResult/Role/Arn") : "");
      },
      [this](const ApiFailure& failure) {
        if (failure.code != "EntityAlreadyExists") return false;
        find_role();  // somebody else was quicker, or the first answer went lost
        return true;
      });
}

void EcsDriver::attach_policy(const std::string& role) {
  if (role.empty()) return fail_set_up("IAM CreateRole: an answer without the role's name");
  set_up(Service::iam, "AttachRolePolicy",
         Form(Service::iam, "AttachRolePolicy")
             .add("RoleName", role_name)
             .add("PolicyArn", role_policy)
             .take(),
         [this, role](const std::string&) { register_definition(role, ""); });
}

// ---- the definition ----

void EcsDriver::register_definition(const std::string& execution_role,
                                    const std::string& task_role) {
  const std::uint64_t memory = options_.memory_gb * mb_of_gb;
  const std::string own_role =
      task_role.empty() ? "" : fmt::format(R"(,"taskRoleArn":{})", http::json_text(task_role));
  const std::string body = fmt::format(
      R"({{"family":{},"cpu":"{}","memory":"{}","networkMode":"awsvpc",)"
      R"("runtimePlatform":{{"cpuArchitecture":"X86_64","operatingSystemFamily":"LINUX"}},)"
      R"("requiresCompatibilities":["FARGATE"],"executionRoleArn":{}{},)"
      R"("containerDefinitions":[{{"name":{},"image":{},"essential":true,"memory":{},)"
      R"("stopTimeout":120}}]}})",
      http::json_text(options_.definition), options_.cpus * cpu_units, memory,
      http::json_text(execution_role), own_role, http::json_text(container_),
      http::json_text(options_.image), memory);
  set_up(Service::ecs, "RegisterTaskDefinition", body, [this](const std::string& answer) {
    const auto json = http::Json::parse(answer);
    const http::Json* found = json ? json->find("taskDefinition") : nullptr;
    definition_arn_ = found == nullptr ? "" : found->text("taskDefinitionArn").value_or("");
    if (definition_arn_.empty())
      return fail_set_up("ECS RegisterTaskDefinition: an answer without the definition's name");
    workers_per_unit_ = options_.cpus;
    log::info("ECS task definition {} is registered, image {}, {} vCPU", definition_arn_,
              options_.image, options_.cpus);
    begin_first_look();
  });
}

void EcsDriver::begin_first_look() { look(begun_); }

}  // namespace scaler::cloud
