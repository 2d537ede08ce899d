"""What a client says of tasks that nobody can run."""

import json
import unittest

from scaler.client.waits import Waits


def answer(reason="no worker is connected", missing=(), state="waiting", suitable=0, count=1):
    why = {"id": "00ff", "state": state, "because": [reason, "nothing is before it"], "missing": list(missing),
           "workers_suitable": suitable}
    return json.dumps(why), count


class WaitsTest(unittest.TestCase):
    def said(self, *answers):
        waits = Waits("tcp://there:1")
        with self.assertLogs("scaler.client", "WARNING") as log:
            for each in answers:
                waits.explain(each)
        return log.output

    def test_each_reason_is_said_once_whatever_the_number_of_workers(self):
        offers = "no worker offers gpu"
        said = self.said(answer(), answer(count=2), answer(offers + " (1 worker connected)", ["gpu"], count=3),
                         answer(offers + " (2 workers connected)", ["gpu"]))
        self.assertEqual(len(said), 2)
        self.assertIn("tcp://there:1: no worker is connected, ", said[0])
        self.assertIn("no worker offers gpu (1 worker connected), ", said[1])
        self.assertIn("(not done: 3)", said[1])
        self.assertIn("scaler why 00ff tcp://there:1", said[1])

    def test_a_task_that_somebody_has_or_will_take_is_no_reason(self):
        for each in (answer(state="running"), answer("its turn is near", suitable=1)):
            with self.assertRaisesRegex(AssertionError, "no logs"):
                self.said(each)

    def test_words_of_another_release_are_passed_over(self):
        for text in ("", "[]", "{}", "1", '{"state": "waiting", "workers_suitable": null}'):
            with self.assertRaisesRegex(AssertionError, "no logs"):
                self.said((text, 1))

    def test_reasons_without_end_are_not_told(self):
        said = self.said(*(answer(f"no worker offers {name}", [str(name)]) for name in range(100)))
        self.assertEqual(len(said), 10)


if __name__ == "__main__":
    unittest.main()
