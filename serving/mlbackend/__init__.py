"""A server that an unmodified Moodle takes for its analytics back end, the one that Moodle calls "Python".

Its protocol is that of Moodle's `lib/mlbackend/python/classes/processor.php`, at which it was recorded. A process of
its own (`fitting`) fits models: the server itself loads no training code.
"""
