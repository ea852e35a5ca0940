package catalog

// glob matches pattern against the start of text and returns where the match ends, -1 if there is none. A "*" in pattern
// stands for any text without a slash, "**" for any text. With whole set the match must reach the end of text, else the
// end returned is the nearest one.
//
// It keeps two places to come back to, the last "*" and the last "**": whatever an earlier one could still take, the
// later one can take too. The time is at most len(pattern) × len(text), squared in text only behind a "**".
func glob(pattern string, text []byte, whole bool) int {
	i, j := 0, 0            // next in text, next in pattern
	star, starText := -1, 0 // behind the last "*" in pattern, and where in text its share ends
	deep, deepText := -1, 0 // the same for "**"
	for {
		switch {
		case j == len(pattern):
			if !whole || i == len(text) {
				return i
			}
		case pattern[j] == '*' && j+1 < len(pattern) && pattern[j+1] == '*':
			j += 2
			deep, deepText, star = j, i, -1
			continue
		case pattern[j] == '*':
			j++
			star, starText = j, i
			continue
		case i < len(text) && text[i] == pattern[j]:
			i++
			j++
			continue
		}
		switch {
		case star >= 0 && starText < len(text) && text[starText] != '/':
			starText++
			i, j = starText, star
		case deep >= 0 && deepText < len(text):
			deepText++
			i, j, star = deepText, deep, -1
		default:
			return -1
		}
	}
}
