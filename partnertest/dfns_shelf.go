package partnertest

// A dfnsShelf holds entities in the order in which they were created.
type dfnsShelf[T any] struct {
	ids  []string
	byID map[string]T
}

func (s *dfnsShelf[T]) put(id string, entity T) {
	if s.byID == nil {
		s.byID = map[string]T{}
	}
	s.ids = append(s.ids, id)
	s.byID[id] = entity
}

// find returns an entity, or 404 with what was looked for.
func (s *dfnsShelf[T]) find(noun, id string) (T, *dfnsRefusal) {
	entity, ok := s.byID[id]
	if !ok {
		return entity, refuse(404, "%s %q not found.", noun, id)
	}
	return entity, nil
}

// all returns the entities that pass the filter, never nil: JSON would show null.
func (s *dfnsShelf[T]) all(filter func(T) bool) []T {
	list := []T{}
	for _, id := range s.ids {
		if filter == nil || filter(s.byID[id]) {
			list = append(list, s.byID[id])
		}
	}
	return list
}

// getOne answers with one entity.
func getOne[T any](s *dfnsShelf[T], noun, id string) (dfnsReply, *dfnsRefusal) {
	entity, refusal := s.find(noun, id)
	return dfnsReply{status: 200, body: entity}, refusal
}

// getAll answers with all of them, as one page.
func getAll[T any](s *dfnsShelf[T]) (dfnsReply, *dfnsRefusal) {
	return dfnsReply{status: 200, body: map[string]any{"items": s.all(nil)}}, nil
}
