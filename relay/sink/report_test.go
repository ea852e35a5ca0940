package sink

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestReports: a line in each second in which something came, one more when it stops, nothing while nothing comes.
func TestReports(t *testing.T) {
	f := func(asJSON bool, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			s := &Sink{tally: newTally(), opts: Options{Count: true, JSON: asJSON, Out: &out, Err: io.Discard,
				Now: func() time.Time { return time.Now().UTC() }}}
			go s.report(ctx)
			receive := func(id string, bad bool, status int) {
				s.tally.add(s.opts.Now(), 100, bad, status, []byte(id))
			}
			time.Sleep(1500 * time.Millisecond)
			receive("a", false, 200)
			receive("b", false, 200)
			time.Sleep(time.Second)
			receive("a", false, 200)
			receive("c", true, 401)
			time.Sleep(4 * time.Second)
			cancel()
			synctest.Wait()
			s.summary()
			if got := "\n" + out.String(); got != want {
				t.Errorf("printed\n%s\nwant\n%s", got, want)
			}
		})
	}
	f(false, `
00:00:02.000         2/s           2 received  distinct 2  repeated 0  bad signatures 0
00:00:03.000         2/s           4 received  distinct 2  repeated 1  bad signatures 1  refused 1
00:00:04.000         0/s           4 received  distinct 2  repeated 1  bad signatures 1  refused 1
sink: received 4 in 1.0s (4/s)  distinct 2  repeated 1  bad signatures 1  refused 1
`)
	f(true, `
{"time":"2000-01-01T00:00:02Z","rate":2,"received":2,"distinct":2,"repeated":0,"unnamed":0,"badSignatures":0,"refused":0,"malformed":0,"bytes":200}
{"time":"2000-01-01T00:00:03Z","rate":2,"received":4,"distinct":2,"repeated":1,"unnamed":0,"badSignatures":1,"refused":1,"malformed":0,"bytes":400}
{"time":"2000-01-01T00:00:04Z","rate":0,"received":4,"distinct":2,"repeated":1,"unnamed":0,"badSignatures":1,"refused":1,"malformed":0,"bytes":400}
{"summary":true,"seconds":1,"rate":4,"received":4,"distinct":2,"repeated":1,"unnamed":0,"badSignatures":1,"refused":1,"malformed":0,"bytes":400}
`)
}
