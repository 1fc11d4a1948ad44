"""Everything that touches Kafka itself: a local broker for one machine, topics, the envelope, a producer, a consumer.

Knows nothing of alerts: it moves keys, headers and bytes, and it imports nothing else of ours.
"""
