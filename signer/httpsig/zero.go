package httpsig

import "github.com/dunglas/httpsfv"

// marshal serialises a structured field (RFC 9651 section 4.1). httpsfv writes
// the decimal -0.0 with its sign, which section 4.1.5 leaves out.
func marshal(v httpsfv.StructuredFieldValue) (string, error) {
	switch v := v.(type) {
	case httpsfv.List:
		for i := range v {
			v[i] = unsignMember(v[i])
		}
	case *httpsfv.Dictionary:
		for _, name := range v.Names() {
			member, _ := v.Get(name)
			v.Add(name, unsignMember(member))
		}
	case httpsfv.Member:
		return httpsfv.Marshal(unsignMember(v).(httpsfv.StructuredFieldValue))
	}
	return httpsfv.Marshal(v)
}

func unsignMember(m httpsfv.Member) httpsfv.Member {
	switch m := m.(type) {
	case httpsfv.Item:
		return unsignItem(m)
	case httpsfv.InnerList:
		for i := range m.Items {
			m.Items[i] = unsignItem(m.Items[i])
		}
		unsignParams(m.Params)
		return m
	}
	return m
}

func unsignItem(item httpsfv.Item) httpsfv.Item {
	item.Value = unsign(item.Value)
	unsignParams(item.Params)
	return item
}

func unsignParams(params *httpsfv.Params) {
	for _, name := range params.Names() {
		value, _ := params.Get(name)
		params.Add(name, unsign(value))
	}
}

func unsign(value any) any {
	if f, ok := value.(float64); ok {
		return f + 0 // -0 + 0 is 0
	}
	return value
}
