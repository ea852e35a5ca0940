package live

import (
	"fmt"
	"testing"
)

// openGuided opens the shop with the service behind the relay, from where the agent gets guides and the relay their names.
func openGuided(t *testing.T, more string, guides ...guide) *watch {
	t.Helper()
	return openShop(t, fmt.Sprintf("upstream = %q\n", startService(t, guides...).url())+more)
}

// TestGuide leaves a guide in the middle.
func TestGuide(t *testing.T) {
	w := openGuided(t, "", guide{id: "tour", name: "Tour", steps: []step{
		{id: "one", buttons: []button{{"next", "advanceGuide"}}},
		{id: "two", buttons: []button{{"close", "dismissGuide"}}},
	}})
	w.startAda(t, ``)
	w.click(t, "#next")
	w.sink.expect(t, "guideDisplayed ada@ tour/one Tour", "guideAdvanced ada@ tour/one Tour")
	w.click(t, "#close")
	w.sink.expect(t, "guideDisplayed ada@ tour/two Tour", "guideDismissed ada@ tour/two Tour")
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@", "featureClicked ada@")
	w.sink.settleOnce(t, w.relay)
}

// TestGuideCompleted goes through a guide to its end. What the configuration calls it wins.
func TestGuideCompleted(t *testing.T) {
	w := openGuided(t, `
[[guide]]
id = "tour"
name = "Welcome"
steps = [{ id = "one" }, { id = "two" }]
`, guide{id: "tour", name: "Tour", steps: []step{
		{id: "one", buttons: []button{{"next", "advanceGuide"}}},
		{id: "two", buttons: []button{{"finish", "advanceGuide"}}},
	}})
	w.startAda(t, ``)
	w.click(t, "#next")
	w.click(t, "#finish")
	w.sink.expect(t, "guideDisplayed ada@ tour/one Welcome", "guideAdvanced ada@ tour/one Welcome",
		"guideDisplayed ada@ tour/two Welcome", "guideAdvanced ada@ tour/two Welcome", "guideCompleted ada@ tour/two Welcome")
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@", "featureClicked ada@")
	w.sink.settleOnce(t, w.relay)
}

// survey is a guide that asks how likely the visitor is to recommend the shop, and why.
var survey = guide{id: "survey", name: "Survey", steps: []step{{id: "ask",
	polls:   []poll{{"rating", "NPSRating", 10}, {"reason", "FreeForm", 0}},
	buttons: []button{{"send", "submitPoll"}},
}}}

func TestNPS(t *testing.T) {
	w := openGuided(t, "", survey)
	w.startAda(t, ``)
	w.click(t, "#rating-9")
	w.fill(t, "#reason-text", "Keep going!")
	w.click(t, "#send")
	w.sink.expect(t, "npsDisplayed ada@ survey/ask Survey", `npsSubmitted ada@ survey/ask Survey 9 "Keep going!"`,
		"guideAdvanced ada@ survey/ask Survey", "guideCompleted ada@ survey/ask Survey")
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@", "featureClicked ada@")
	w.sink.settleOnce(t, w.relay)
}

// TestLongReason gives a reason that no URL can hold: the agent sends it by POST then, together with the rating.
func TestLongReason(t *testing.T) {
	w := openGuided(t, "", survey)
	w.startAda(t, ``)
	w.click(t, "#rating-0")
	w.run(t, `document.querySelector('#reason-text').value = %s`, noise(5000))
	w.click(t, "#send")
	w.sink.expect(t, "npsDisplayed ada@ survey/ask Survey", fmt.Sprintf("npsSubmitted ada@ survey/ask Survey 0 %q", noise(5000)),
		"guideAdvanced ada@ survey/ask Survey", "guideCompleted ada@ survey/ask Survey")
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@", "featureClicked ada@")
	w.sink.settleOnce(t, w.relay)
}

func TestPoll(t *testing.T) {
	w := openGuided(t, "", guide{id: "quiz", name: "Quiz", steps: []step{{id: "ask",
		polls:   []poll{{"size", "NumberScale", 5}, {"missing", "FreeForm", 0}},
		buttons: []button{{"send", "submitPoll"}},
	}}})
	w.startAda(t, ``)
	w.click(t, "#size-4")
	w.fill(t, "#missing-text", "More cats")
	w.click(t, "#send")
	w.sink.expect(t, "pollDisplayed ada@ quiz/ask Quiz", `pollSubmitted ada@ quiz/ask Quiz size=4 missing=More cats`,
		"guideAdvanced ada@ quiz/ask Quiz", "guideCompleted ada@ quiz/ask Quiz")
	w.leave(t)
	w.sink.expect(t, "featureClicked ada@", "featureClicked ada@")
	w.sink.settleOnce(t, w.relay)
}
