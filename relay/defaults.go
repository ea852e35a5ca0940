package relay

import "time"

// defaults is the configuration of an empty file. config.toml shows every value of it.
func defaults() *Config {
	return &Config{
		Intake: Intake{
			Listen: "127.0.0.1:8484", // 8484 and the console's 8485 are registered to nobody
			// Segment takes 500 KB a batch, Pendo's agent some 64 KB a request: eight times the larger of them.
			BodyMax:     4 << 20,
			CORSOrigins: []string{"*"}, // the agent runs on the customers' pages, whose names the relay need not know
			// SDKs resend what they queued while offline; a day covers a laptop that was closed overnight. At 8 bytes an
			// event and 100 events/s that is 70 MB, of which [log] memory keeps the newest half of its own size.
			DedupeWindow: 24 * time.Hour,
		},
		Console: Console{Listen: "127.0.0.1:8485"},
		Log: Log{
			Dir:    "data",
			Retain: 72 * time.Hour, // a receiver that broke on Friday evening can be mended on Monday
			// 72 h × 100 events/s × 600 bytes is 15 GiB before compression, which halves it or better.
			SizeMax:     20 << 30,
			Memory:      64 << 20, // half of it is the tail: a second of 600-byte events at 50,000/s
			Compression: "s2",     // some 1 GB/s a core: 600 ns for a kilobyte of JSON, which shrinks to a third
		},
		Delivery: Delivery{
			Timeout: 30 * time.Second, // the upper end of what Standard Webhooks advises
			Retries: 5,
			Backoff: time.Second, // doubled for each retry: 1+2+4+8+16 = 31 s rides out a receiver's restart
			// A receiver that is down for an hour and has more retries is then asked twelve times.
			BackoffMax:   5 * time.Minute,
			InFlight:     16, // 16 requests of 20 ms each are 800 deliveries/s for one webhook
			LogSuccesses: 0.01,
			// Six million attempts at 180 bytes: 70 for each of those that come by the hundred, 350 for one that comes alone. A
			// webhook that always fails makes one a second at most, which is 30 MiB a day.
			LogSize:      1 << 30,
			DisableAfter: DisableAfter{Failures: 50, Within: 15 * time.Minute},
			UserAgent:    "edgerelay/" + Version,
		},
		SMTP:      SMTP{TLS: "starttls"},
		Telemetry: Telemetry{Sample: 1},
	}
}
