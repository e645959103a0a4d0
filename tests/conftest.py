"""What every test run shares: hypothesis without a database on disk and without a deadline, on noisy machines."""

from hypothesis import HealthCheck, settings

settings.register_profile("house", database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
