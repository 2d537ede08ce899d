"""A few of the starts and stops that start_stop.py makes by the hundred."""

import start_stop
from limited import Limited


class StartStop(Limited):
    def test_every_way_to_end_a_stack_leaves_nothing(self):
        for way in start_stop.WAYS:
            for number in range(len(start_stop.CHILDREN)):
                with self.subTest(way, number=number):
                    start_stop.cycle(way, number, with_task=number == 0)
