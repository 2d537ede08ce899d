#include "roles/question_desk.hpp"

#include <algorithm>

#include "scaler/view/answers.hpp"

namespace scaler::roles {
namespace {

using wire::Answer;
using wire::Question;
using wire::QuestionKind;

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

// 32 hexadecimal digits; hyphens, as UUIDs have them, do not count.
std::optional<TaskId> task_id_of(std::string text) {
  std::erase(text, '-');
  TaskId id;
  if (text.size() != 2 * TaskId::size) return std::nullopt;
  for (std::size_t i = 0; i < TaskId::size; ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::byte>(high * 16 + low);
  }
  return id;
}

Answer why(const Question& question, const scheduler::Scheduler& core, view::Form form) {
  const std::optional<TaskId> id = task_id_of(question.subject);
  if (!id) return {false, "a task's id is 32 hexadecimal digits"};
  return {true, view::explanation_answer(core.explain(*id), form)};
}

Answer drain(const Question& question, scheduler::Scheduler& core, view::Form form, TimePoint now,
             scheduler::Outbox& out) {
  const scheduler::DrainAnswer done = core.drain(question.subject, now, out);
  const bool found = done.result != scheduler::DrainResult::no_such_worker &&
                     done.result != scheduler::DrainResult::several;
  std::string text = view::drain_answer(done, question.subject, found ? form : view::Form::text);
  if (!found) text.pop_back();  // it goes into a line of complaint
  return {found, std::move(text)};
}

}  // namespace

std::optional<wire::InformationResponse> answer_question(
    const wire::InformationRequest& request, scheduler::Scheduler& core,
    const std::function<wire::StateScheduler()>& status, TimePoint now, scheduler::Outbox& out) {
  const auto question = wire::decode_question(request.request);
  if (question && !*question) return std::nullopt;
  Answer answer;
  if (!question) {
    answer = {false, question.error().text};
  } else {
    const Question& asked = **question;
    const view::Form form =
        asked.form == wire::AnswerForm::json ? view::Form::json : view::Form::text;
    switch (asked.kind) {
      case QuestionKind::status:
        answer.text = view::status_answer(status(), form);
        break;
      case QuestionKind::workers:
        answer.text = view::workers_answer(status(), core.draining(), form);
        break;
      case QuestionKind::tasks:
        answer.text = view::tasks_answer(
            core.list_tasks({asked.state, asked.client, asked.worker, asked.limit}), form);
        break;
      case QuestionKind::why:
        answer = why(asked, core, form);
        break;
      case QuestionKind::drain:
        answer = drain(asked, core, form, now, out);
        break;
    }
  }
  return wire::InformationResponse{wire::encode(answer)};
}

}  // namespace scaler::roles
