package freight

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
)

func TestMailExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var letters []Letter
		var files []string
		send := func(_ context.Context, l *Letter) destination.Verdict {
			text, err := io.ReadAll(l.Content)
			if err != nil {
				t.Error(err)
			}
			letters, files = append(letters, *l), append(files, string(text))
			if len(letters) == 1 {
				return destination.Verdict{Outcome: destination.Retry, Reason: "421 closing down"}
			}
			return destination.Verdict{Outcome: destination.Delivered}
		}
		plan := newPlan(t, "mail", "", map[string]string{"to": "a@example.com, b@example.com", "columns": "When=time,uniqueId"})
		c, err := New(plan, Options{Webhook: "product", Dir: t.TempDir(), Logger: quiet, Mail: send})
		if err != nil {
			t.Fatal(err)
		}
		p := newParcel(plan, 1, 3, time.Now())
		ship(t, c, p, destination.Delivered)
		time.Sleep(26*time.Hour + 2*time.Minute)
		synctest.Wait()
		shut(t, c)
		if len(letters) != 2 || letters[0].ID != letters[1].ID || files[0] != files[1] {
			t.Fatalf("%d letters: %+v", len(letters), letters)
		}
		l := letters[1]
		if got := strings.Join(l.To, " "); got != "a@example.com b@example.com" || l.Kind != "text/csv; charset=utf-8" ||
			l.Subject != `Export of 2000-01-01 from webhook "product"` || !strings.Contains(l.Text, "the 3 events") ||
			!strings.HasPrefix(l.Name, "product-") || !strings.HasSuffix(l.Name, "-2000-01-01-00000000000000000001.csv") {
			t.Errorf("%+v", l)
		}
		if want := "When,uniqueId\r\n" + string(p.Body); files[1] != want {
			t.Errorf("the file is %q, want %q", files[1], want)
		}
	})
}

func TestMailNeedsServer(t *testing.T) {
	plan := newPlan(t, "mail", "", map[string]string{"to": "a@example.com"})
	if _, err := New(plan, Options{Webhook: "product", Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "set [smtp] server") {
		t.Errorf("%v", err)
	}
}
