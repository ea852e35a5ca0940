// Package spell finds the name that somebody probably meant, for the "did you mean" of error messages.
//
// It knows no names of its own. Safe for concurrent use: it has no state.
package spell

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest is the candidate that word is most likely a misspelling of, or "" when none is close. Upper and lower case
// and the separators '_', '-' and '.' count for nothing; beyond that up to a third of the letters may differ.
func Nearest(word string, candidates []string) string {
	if near := Near(word, candidates, 1); len(near) > 0 {
		return near[0]
	}
	return ""
}

// Near are the candidates that are close to word, as Nearest counts, at most so many: the closest first, equally close
// ones in their order.
func Near(word string, candidates []string, most int) []string {
	plain := fold(word)
	distances := map[string]int{}
	var near []string
	for _, candidate := range candidates {
		if d := distance(plain, fold(candidate)); d <= len(word)/3 {
			distances[candidate] = d
			near = append(near, candidate)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return distances[a] - distances[b] })
	return near[:min(len(near), most)]
}

// Hint is the tail of an error message about an unknown word: the one that was probably meant, or else all there are.
func Hint(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known are " + strings.Join(candidates, ", ")
}

func fold(s string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(s))
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
