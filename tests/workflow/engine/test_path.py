def test_x(world):
    c = world.certified(at="2021-06-01 09:00")
    assert world.events(c) == []
