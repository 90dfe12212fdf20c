import json
import unittest

from filter import Filter


def handle(subject, document):
    return subject.handle(json.dumps(document).encode())


class FilterTest(unittest.TestCase):
    def test_only_what_is_above_the_threshold_passes(self):
        subject = Filter()
        self.assertIsNone(handle(subject, {"temperature": 25}))
        passed = handle(subject, {"unit": "C", "temperature": 25.5})
        self.assertEqual(passed, {"unit": "C", "temperature": 25.5, "alert": True, "count": 1})
        self.assertEqual(subject.status(), {"received": 2, "forwarded": 1, "threshold": 25})

    def test_the_temperature_of_the_machine_comes_first(self):
        subject = Filter()
        passed = handle(subject, {"machine": {"temperature": 25.5}, "temperature": 21})
        self.assertEqual(passed, {"machine": {"temperature": 25.5}, "temperature": 21, "alert": True, "count": 1})
        self.assertIsNone(handle(subject, {"machine": {"temperature": 20}, "temperature": 40}))
        self.assertEqual(handle(subject, {"machine": {"pressure": 1}, "temperature": 26})["count"], 2)
        self.assertIsNone(handle(subject, {"machine": 26}))
        self.assertEqual(subject.status(), {"received": 4, "forwarded": 2, "threshold": 25})

    def test_what_has_no_temperature_is_dropped_and_counted(self):
        subject = Filter()
        bodies = [b"", b"[]", b"{}", b"26", b'{"temperature":"26"}', b'{"temperature":null}', b'{"temperature":true}']
        bodies += [b"{temperature:26}", b'{"temperature":26} x', b'{"temperature":1e999}', b'{"temperature":NaN}']
        for data in bodies:
            self.assertIsNone(subject.handle(data), data)
        self.assertEqual(subject.status(), {"received": 11, "forwarded": 0, "threshold": 25})

    def test_the_threshold_follows_the_desired_properties(self):
        subject = Filter()
        for desired, expected in (
            ({"threshold": 30.5}, 30.5),
            ({"other": 1}, 30.5),
            ({"threshold": "hot"}, 30.5),
            ({"threshold": None}, 25),
        ):
            subject.apply(desired)
            self.assertEqual(subject.threshold, expected, desired)


if __name__ == "__main__":
    unittest.main()
