package expression

// meter counts the steps of one evaluation down. One step is about what one node of an expression costs, or sixteen
// bytes that are looked at.
type meter struct {
	left int
}

const (
	bytesPerStep = 16
	bytesPerLook = 64 // of what is gone through on the way to a member
	bytesPerMake = 8  // of what is decoded: the values are larger than their text, and are kept until the event's end
)

// spend takes n steps, or says that they are used up.
func (m *meter) spend(n int) error {
	if n > m.left {
		m.left = 0
		return ErrCost
	}
	m.left -= n
	return nil
}

// allow gives one evaluation its steps: those that are its own, and what others left of the event's.
func (v *Env) allow() {
	v.allowed = min(stepsMax, stepsSure+v.spare)
	v.meter.left = v.allowed
}

// settle takes what an evaluation took of the event's steps.
func (v *Env) settle() {
	v.spare -= max(0, v.allowed-v.meter.left-stepsSure)
}

// spendText takes what it costs to look at size bytes.
func (m *meter) spendText(size int) error {
	return m.spend(1 + size/bytesPerStep)
}

// weigh takes what it costs to look at all of v.
func (m *meter) weigh(v any, depth int) error {
	if depth > nestingMax {
		return errDepth
	}
	switch v := v.(type) {
	case string:
		return m.spendText(len(v))
	case []any:
		for _, element := range v {
			if err := m.weigh(element, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, value := range v {
			if err := m.spendText(len(key)); err != nil {
				return err
			}
			if err := m.weigh(value, depth+1); err != nil {
				return err
			}
		}
	}
	return m.spend(1)
}
