package bench

import "testing"

// TestNothingIsLostOverTwentyKills kills the real process twenty times under load.
func TestNothingIsLostOverTwentyKills(t *testing.T) {
	r, err := Torture(t.Context(), TortureOptions{Program: program, Kills: 20, Seed: 20, Dir: t.TempDir(), Out: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Kills != 20 || r.Accepted == 0 || r.Delivered != r.Obligations {
		t.Errorf("%+v", r)
	}
}
