import unittest

from scaler.client import graphs
from scaler.client.graphs import CycleError
from scaler.client.object_reference import ObjectReference
from scaler.utility.exceptions import MissingObjects
from scaler.utility.identifiers import ObjectID


def add(x, y):
    return x + y


def inc(x):
    return x + 1


def run(plan):
    """What a cluster would compute of it."""
    objects = list(plan.functions) + [value for _, value in plan.objects]
    results = []
    for function, arguments in plan.nodes:
        values = [results[place] if place >= 0 else objects[-1 - place] for place in arguments]
        results.append(objects[function](*values))
    return {key: results[plan.targets[key]] if key in plan.targets else plan.data[key] for key in plan.keys}


class Graphs(unittest.TestCase):
    def test_tasks_data_and_plain_callables(self):
        graph = {"a": 2, "b": 2, "c": (inc, "a"), "d": (add, "a", "b"), "e": (inc, "d"), "f": inc, "g": (), "h": (5, "a")}
        plan = graphs.plan(graph, ["a", "c", "d", "e", "f", "g", "h"])
        self.assertEqual(run(plan), {"a": 2, "c": 3, "d": 4, "e": 5, "f": inc, "g": (), "h": (5, "a")})
        self.assertEqual(plan.functions, [inc, add])

    def test_only_what_is_needed_is_looked_at(self):
        graph = {"a": 1, "b": (inc, "a"), "x": (inc, "missing"), "y": (inc, "z"), "z": (inc, "y")}
        plan = graphs.plan(graph, ["b"])
        self.assertEqual((len(plan.nodes), plan.objects), (1, [("a", 1)]))
        self.assertEqual(graphs.plan(graph, []).keys, [])

    def test_a_text_is_a_key_as_an_argument_and_data_as_a_value(self):
        self.assertEqual(run(graphs.plan({"a": "b", "b": 1, "c": (str, "a")}, ("c",))), {"c": "b"})

    def test_a_function_without_arguments(self):
        self.assertEqual(run(graphs.plan({"a": (dict,)}, ["a"])), {"a": {}})

    def test_a_deep_chain_needs_no_stack(self):
        graph = {"n0": 0, **{f"n{i}": (inc, f"n{i - 1}") for i in range(1, 5001)}}
        self.assertEqual(run(graphs.plan(graph, ["n5000"])), {"n5000": 5000})

    def test_wrong_keys_and_arguments(self):
        wrong = [
            (KeyError, {"a": 1}, ["b"]), (KeyError, {"a": 1}, ["a", "a"]), (KeyError, {"a": (inc, "b")}, ["a"]),
            (KeyError, {"a": (inc, 5)}, ["a"]), (TypeError, {"a": (inc, [])}, ["a"]), (TypeError, {1: 2, "a": (inc, 1)}, ["a"]),
            (CycleError, {"a": (inc, "b"), "b": (inc, "a")}, ["a"]), (CycleError, {"a": (inc, "a")}, ["a"]),
        ]
        for kind, graph, keys in wrong:
            with self.subTest(graph=graph, keys=keys), self.assertRaises(kind):
                graphs.plan(graph, keys)
        with self.assertRaisesRegex(KeyError, "duplicate key detected in argument keys"):
            graphs.plan({"a": 1}, ["a", "a"])

    def test_references_are_used_and_given_back_as_they_are(self):
        reference = ObjectReference(b"r", 3, ObjectID(bytes(range(32))))
        plan = graphs.plan({"r": reference, "c": (inc, "r")}, ["r", "c"])
        self.assertIs(plan.data["r"], reference)
        self.assertEqual(plan.nodes, [(0, [bytes(range(32))])])
        with self.assertRaises(MissingObjects):
            graphs.check_references(plan, lambda object_id: False)


if __name__ == "__main__":
    unittest.main()
