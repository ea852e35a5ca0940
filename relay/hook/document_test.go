package hook

import (
	"reflect"
	"testing"
)

// TestMasks: a mask stands for the value that is kept, and is refused where there is none.
func TestMasks(t *testing.T) {
	kept := Document{}.Merge(parse(t, `{"secret":"s3cret","headers":{"Authorization":"Bearer a","X-Team":"one"}}`))
	f := func(d Document, patch, secret, authorization string, want ...string) {
		t.Helper()
		spec, faults := d.Merge(parse(t, patch)).Apply(Spec{})
		var got []string
		for _, fault := range faults {
			got = append(got, fault.Field)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: faults %v, want those of %v", patch, faults, want)
		}
		if want == nil && (spec.Secret != secret || spec.Headers["Authorization"] != authorization) {
			t.Errorf("%s: secret %q, Authorization %q", patch, spec.Secret, spec.Headers["Authorization"])
		}
	}
	f(kept, `{"secret":"••••","headers":{"Authorization":"••••","X-B":"2"}}`, "s3cret", "Bearer a")
	f(kept, `{"secret":"new"}`, "new", "Bearer a")
	f(kept, `{"secret":null,"headers":null}`, "", "")
	f(kept, `{"secret_previous":"••••"}`, "", "", "secret_previous")
	f(kept, `{"headers":{"authorization":"••••"}}`, "", "", "headers.authorization")
	f(Document{}, `{"secret":"••••","headers":{"Authorization":"••••"}}`, "", "", "secret", "headers.Authorization")
}

func parse(t *testing.T, text string) Document {
	t.Helper()
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
